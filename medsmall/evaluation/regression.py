"""The metrics of a continuous target, from labels and predictions in its own unit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsmall.evaluation.metrics import mean_over_targets

METRICS = ("mae", "rmse", "mean_error", "r2", "pearson_r")


def evaluate_regression(
    y: NDArray[np.floating], predicted: NDArray[np.floating], targets: list[str]
) -> dict[str, Any]:
    """All metrics, ready for JSON (Python int, float, None), in the form `metrics.evaluate` has.

    `y` (N, K): NaN = unknown; `predicted` (N, K): finite; both in the unit of the targets.
    ``loss`` is the mean squared error over all known labels. ``targets`` by name: ``n`` (known),
    ``mae``, ``rmse``, ``mean_error`` (predicted - y: above 0 overestimates), ``r2`` = 1 - SSE/SST
    and ``pearson_r``, None with a reason where the labels (or the predictions) are all equal, and
    ``pseudo_r2`` = 1 - sum |error| / sum |y - mean y|, as in Romero et al., Medical Physics 2020.
    ``mean``: the mean of each over the targets that define it, ``<name>_over`` how many.

    Raises ValueError on shapes that differ or a prediction that is not finite.
    """
    label, value = np.array(y, dtype=np.float64), np.array(predicted, dtype=np.float64)
    if not label.shape == value.shape == (len(label), len(targets)):
        raise ValueError(f"y {label.shape} and predicted {value.shape} must both be (N, K)")
    if not np.isfinite(value).all():
        raise ValueError("predictions must be finite")
    known = ~np.isnan(label)
    squared = (value - label)[known] ** 2
    loss = float(squared.mean()) if known.any() else None
    by_target = {
        name: _one_target(label[known[:, k], k], value[known[:, k], k])
        for k, name in enumerate(targets)
    }
    reasons = {} if known.any() else {"loss": "no known label"}
    overall = {"n": len(label), "loss": loss, "reasons": reasons}
    return overall | {"targets": by_target, "mean": mean_over_targets(by_target, METRICS)}


def _one_target(y: NDArray[np.float64], predicted: NDArray[np.float64]) -> dict[str, Any]:
    values: dict[str, float | None] = dict.fromkeys((*METRICS, "pseudo_r2"))
    if not len(y):
        return {"n": 0, **values, "reasons": dict.fromkeys(values, "no known label")}
    reasons: dict[str, str] = {}
    error = predicted - y
    values["mae"] = float(np.abs(error).mean())
    values["rmse"] = float(np.sqrt((error**2).mean()))
    values["mean_error"] = float(error.mean())
    if np.ptp(y) > 0:
        values["r2"] = float(1 - (error**2).sum() / ((y - y.mean()) ** 2).sum())
        values["pseudo_r2"] = float(1 - np.abs(error).sum() / np.abs(y - y.mean()).sum())
    else:
        alike = f"all {len(y)} labels are equal"
        reasons |= dict.fromkeys(("r2", "pseudo_r2", "pearson_r"), alike)
    if np.ptp(y) > 0 and np.ptp(predicted) > 0:
        values["pearson_r"] = float(np.corrcoef(y, predicted)[0, 1])
    else:
        reasons.setdefault("pearson_r", f"all {len(y)} predictions are equal")
    return {"n": len(y), **values, "reasons": reasons}
