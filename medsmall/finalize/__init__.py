"""A final model after a sweep: ``python -m medsmall.finalize SELECTION``.

`before` has what the runs of the sweep tell about it, `refit` learns once more from all labelled
images, `kept` keeps the runs together as an ensemble. Final models lie in <output_root>/finals,
beside the ledger of runs: they have no test of their own.
"""
