"""What a run is to a logger (`medsmall.logger`), made alike while it trains and from its record.

Only what compares arms is sent: options, settings, counts, scores, curves. No patient, no image, no
name of a file, no row of a table; of a path its last part. The record's place is told from its
output folder on.
"""
