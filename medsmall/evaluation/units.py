"""One row per unit of scoring, such as a MURA study, from one row per image."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def per_unit(
    y: NDArray[np.floating],
    predicted: NDArray[np.floating],
    units: NDArray[Any],
    label: Literal["max", "mean"],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`y` and `predicted` (N, K) of images as float64 (U, K) of their units, sorted by unit.

    `units` (N,) names the unit of each image. The prediction is the mean over the unit's images.
    The `label` is the maximum of the known labels for findings (a study is positive if an image
    is) and their mean for numbers; NaN if none is known. Raises ValueError on shapes that differ,
    on a missing unit, and on a NaN prediction, since the mean would skip both.
    """
    if not np.shape(y) == np.shape(predicted) == (len(units), *np.shape(y)[1:]):
        raise ValueError(f"y {np.shape(y)} and predictions {np.shape(predicted)} must be (N, K)")
    if pd.isna(units).any():
        raise ValueError("every image needs a unit")
    if np.isnan(predicted).any():
        raise ValueError("predictions must not be NaN")
    labels = pd.DataFrame(np.asarray(y, dtype=np.float64)).groupby(units).agg(label)
    means = pd.DataFrame(np.asarray(predicted, dtype=np.float64)).groupby(units).mean()
    return labels.to_numpy(), means.to_numpy()
