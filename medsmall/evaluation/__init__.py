"""Metrics: pure functions on NumPy arrays, independent of networks.

Arrays are `y` (N, K), 1, 0 or NaN = unknown, and `prob` (N, K), probabilities 0 to 1, in the
order of the targets. Every number can be recomputed from ``predictions.csv``. An undefined number
is None with its reason, never 0 or 1. Mistakes of the caller raise ValueError.
"""
