"""Checks of the arrays for every metric of a classification."""

import numpy as np
from numpy.typing import NDArray


def checked(
    y: NDArray[np.floating], prob: NDArray[np.floating], targets: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64 (N, K); ValueError unless they fit and hold labels and probabilities."""
    label, p = np.array(y, dtype=np.float64), np.array(prob, dtype=np.float64)
    if not label.shape == p.shape == (len(label), len(targets)):
        raise ValueError(
            f"y {label.shape} and prob {p.shape} must both be (N, K), K={len(targets)} targets"
        )
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("prob must lie between 0 and 1 and must not be NaN")
    if not (np.isnan(label) | (label == 0) | (label == 1)).all():
        raise ValueError("y must be 1, 0 or NaN")
    return label, p
