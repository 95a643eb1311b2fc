"""The metrics of findings, per target and in the mean, from labels and probabilities.

The area under the ROC curve, average precision and Cohen's kappa are scikit-learn's. They and
everything at a threshold are undefined (None, with the reason) where a class they need is absent.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsmall.evaluation.arrays import checked
from medsmall.evaluation.threshold import enough

METRICS = (
    "auroc",
    "average_precision",
    "accuracy",
    "balanced_accuracy",
    "sensitivity",
    "specificity",
    "cohen_kappa",
)
# The log loss clips probabilities to [CLIP, 1 - CLIP], so that a certain error stays finite.
CLIP = 1e-7


def evaluate(
    y: NDArray[np.floating],
    prob: NDArray[np.floating],
    targets: list[str],
    thresholds: dict[str, float | None] | None = None,
) -> dict[str, Any]:
    """All metrics of findings, ready for JSON (Python int, float, None).

    `y` (N, K): 1, 0, NaN = unknown; `prob` (N, K): 0 to 1; columns in the order of `targets`.
    A threshold per target, see `medsmall.evaluation.threshold`; absent or None: what depends on
    it is None. Exclusive classes have metrics of their own: `medsmall.evaluation.classes`.

    Result: ``n`` rows; ``loss``, the unweighted mean of -log p over the known labels, p clipped to
    [1e-7, 1 - 1e-7], and ``reasons`` where it is None; ``targets``: by name ``n`` (known),
    ``n_positive``, ``reliable`` (10 positives and 10 negatives at least), every name of METRICS,
    ``threshold``, ``reasons``; ``mean``: see `mean_over_targets`.

    Raises ValueError on shapes that differ, a NaN or out-of-range `prob`, other values in `y`.
    """
    y, prob = checked(y, prob, targets)
    thresholds = thresholds or {}
    by_target = {
        name: _one_target(y[:, k], prob[:, k], thresholds.get(name))
        for k, name in enumerate(targets)
    }
    return {
        "n": len(y),
        **_log_loss(y, prob),
        "targets": by_target,
        "mean": mean_over_targets(by_target, METRICS),
    }


def area_metrics(y: NDArray[np.float64], prob: NDArray[np.float64]) -> dict[str, Any]:
    """What needs no threshold, of one target: ``n``, ``n_positive``, ``reliable``, ``auroc``, ...

    `y` (N,): 1, 0 or NaN = unknown, `prob` (N,). ``reliable``: whether there are FEW positives and
    negatives at least. ``reasons`` has one for each None.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    prob, true = prob[~np.isnan(y)], y[~np.isnan(y)] == 1
    n, n_positive = len(true), int(true.sum())
    counts = {"n": n, "n_positive": n_positive, "reliable": enough(y)}
    reason = missing_class(n, n_positive)
    if reason:
        absent = {"auroc": None, "average_precision": None}
        return counts | absent | {"reasons": dict.fromkeys(absent, reason)}
    return counts | {
        "auroc": float(roc_auc_score(true, prob)),
        "average_precision": float(average_precision_score(true, prob)),
        "reasons": {},
    }


def missing_class(n: int, n_positive: int) -> str:
    """Why `n` known labels, `n_positive` of them 1, lack a class; "" where they do not."""
    if not n:
        return "no known label"
    if n_positive:
        return "" if n_positive < n else f"no negative among {n} known labels"
    return f"no positive among {n} known labels"


def _one_target(
    y: NDArray[np.float64], prob: NDArray[np.float64], threshold: float | None
) -> dict[str, Any]:
    from sklearn.metrics import cohen_kappa_score

    found = area_metrics(y, prob)
    prob, true = prob[~np.isnan(y)], y[~np.isnan(y)] == 1
    n, n_positive = found["n"], found["n_positive"]
    no_label = "" if n else "no known label"
    no_positive = no_label or ("" if n_positive else f"no positive among {n} known labels")
    no_negative = no_label or ("" if n_positive < n else f"no negative among {n} known labels")
    no_class = no_positive or no_negative
    no_threshold = "no threshold" if threshold is None else ""
    called = prob >= (np.nan if threshold is None else threshold)

    def sensitivity() -> float:
        return float(np.mean(called[true]))

    def specificity() -> float:
        return float(np.mean(~called[~true]))

    # Without a negative, kappa is 0 for any classifier: undefined too.
    metrics: dict[str, tuple[str, Callable[[], float]]] = {
        "accuracy": (no_threshold or no_label, lambda: np.mean(called == true)),
        "balanced_accuracy": (
            no_threshold or no_class,
            lambda: (sensitivity() + specificity()) / 2,
        ),
        "sensitivity": (no_threshold or no_positive, sensitivity),
        "specificity": (no_threshold or no_negative, specificity),
        "cohen_kappa": (no_threshold or no_class, lambda: cohen_kappa_score(true, called)),
    }
    found |= {name: None if reason else float(f()) for name, (reason, f) in metrics.items()}
    found["reasons"] |= {name: reason for name, (reason, _) in metrics.items() if reason}
    return found | {"threshold": threshold}


def mean_over_targets(
    by_target: dict[str, dict[str, Any]], metrics: tuple[str, ...]
) -> dict[str, Any]:
    """The mean of each metric over the targets that define it, and ``<name>_over`` how many do.

    ``reasons`` has one for each that none defines; ``unreliable``, of classifications, is the
    number of those targets with an AUROC of too few positives or negatives.
    """
    mean: dict[str, Any] = {"reasons": {}}
    for name in metrics:
        defined = [values[name] for values in by_target.values() if values[name] is not None]
        mean[name] = float(np.mean(defined)) if defined else None
        mean[f"{name}_over"] = len(defined)
        if not defined:
            reasons = [values["reasons"][name] for values in by_target.values()]
            mean["reasons"][name] = (
                reasons[0] if len(reasons) == 1 else "undefined for every target"
            )
    if "auroc" in metrics:
        defined = [values for values in by_target.values() if values["auroc"] is not None]
        mean["unreliable"] = sum(not values["reliable"] for values in defined)
    return mean


def _log_loss(y: NDArray[np.float64], prob: NDArray[np.float64]) -> dict[str, Any]:
    known = ~np.isnan(y)
    if not known.any():
        return {"loss": None, "reasons": {"loss": "no known label"}}
    p = np.clip(prob[known], CLIP, 1 - CLIP)
    return {"loss": float(-np.mean(np.log(np.where(y[known] == 1, p, 1 - p)))), "reasons": {}}
