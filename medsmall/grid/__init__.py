"""The grid of a sweep: its cells identified, those left out, and the launching of the others."""
