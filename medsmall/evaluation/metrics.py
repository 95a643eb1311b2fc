"""The metrics of one run, per target and in the mean, from labels and probabilities.

The area under the ROC curve, average precision and Cohen's kappa are scikit-learn's. They and
everything at a threshold are undefined (None, with the reason) where a class they need is absent.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsmall.task import Task

METRICS = (
    "auroc",
    "average_precision",
    "accuracy",
    "balanced_accuracy",
    "sensitivity",
    "specificity",
    "cohen_kappa",
)
# The log loss clips probabilities to [CLIP, 1 - CLIP], so that one sure error stays finite.
CLIP = 1e-7


def evaluate(
    y: NDArray[np.floating],
    prob: NDArray[np.floating],
    targets: list[str],
    task: Task,
    thresholds: dict[str, float | None] | None = None,
) -> dict[str, Any]:
    """All metrics, ready for JSON (Python int, float, None).

    `y` (N, K): 1, 0, NaN = unknown; `prob` (N, K): 0 to 1; columns in the order of `targets`.
    `task`: for multiclass the targets are classes, one 1 per row (or all unknown). A threshold per
    target: see `choose_threshold`; absent or None: what depends on it is None.

    Result: ``n`` rows; ``loss``, the unweighted mean of -log p over the known labels (multiclass:
    of the true class), p clipped to [1e-7, 1 - 1e-7]; multiclass only: ``accuracy`` and
    ``balanced_accuracy`` (mean recall) of the most probable class; ``reasons`` for a None among
    these; ``targets``: by name ``n`` (known), ``n_positive``, every name of METRICS,
    ``threshold``, ``reasons`` (multiclass: one class against the rest); ``mean``: every name of
    METRICS over the targets that define it, ``<name>_over`` how many those are, ``reasons``.

    Raises ValueError on shapes that differ, a NaN or out-of-range `prob`, other values in `y`.
    """
    y, prob = _checked(y, prob, targets)
    thresholds = thresholds or {}
    overall = _multiclass(y, prob, targets) if task is Task.MULTICLASS else _log_loss(y, prob)
    by_target = {
        name: _one_target(y[:, k], prob[:, k], thresholds.get(name))
        for k, name in enumerate(targets)
    }
    return (
        {"n": len(y)}
        | overall
        | {"targets": by_target, "mean": mean_over_targets(by_target, METRICS)}
    )


def choose_threshold(y: NDArray[np.floating], prob: NDArray[np.floating]) -> float | None:
    """The threshold (0 to 1) that maximises Youden's J = sensitivity + specificity - 1.

    `y` (N,): 1, 0, NaN = unknown; `prob` (N,): 0 to 1; from validation, never from the test.
    A row is called positive where prob >= threshold. Candidates are 0 and the points halfway
    between neighbouring scores (at the ends, halfway to 0 and 1); of several with the same J the
    one nearest to 0.5 is taken, then the lower. None where a class is absent. Source: Youden,
    Index for rating diagnostic tests, Cancer 1950.
    """
    y, prob = (array[:, 0] for array in _checked(np.c_[y], np.c_[prob], ["target"]))
    prob, positive = prob[~np.isnan(y)], y[~np.isnan(y)] == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return None
    scores = np.unique(np.r_[0.0, prob, 1.0])
    # Between two neighbouring floats there is no middle: take the upper one then.
    middle = (scores[:-1] + scores[1:]) / 2
    candidates = np.r_[0.0, np.where(middle > scores[:-1], middle, scores[1:])]
    true_positives = n_positive - np.searchsorted(np.sort(prob[positive]), candidates)
    false_positives = n_negative - np.searchsorted(np.sort(prob[~positive]), candidates)
    youden = true_positives * n_negative - false_positives * n_positive  # integers: ties are exact
    best = candidates[youden == youden.max()]
    return float(best[np.argmin(np.abs(best - 0.5))])


def _one_target(
    y: NDArray[np.float64], prob: NDArray[np.float64], threshold: float | None
) -> dict[str, Any]:
    from sklearn.metrics import average_precision_score, cohen_kappa_score, roc_auc_score

    prob, true = prob[~np.isnan(y)], y[~np.isnan(y)] == 1
    n, n_positive = len(true), int(true.sum())
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

    # Without a negative, average precision is 1 and kappa 0 for any classifier: undefined too.
    metrics: dict[str, tuple[str, Callable[[], float]]] = {
        "auroc": (no_class, lambda: roc_auc_score(true, prob)),
        "average_precision": (no_class, lambda: average_precision_score(true, prob)),
        "accuracy": (no_threshold or no_label, lambda: np.mean(called == true)),
        "balanced_accuracy": (
            no_threshold or no_class,
            lambda: (sensitivity() + specificity()) / 2,
        ),
        "sensitivity": (no_threshold or no_positive, sensitivity),
        "specificity": (no_threshold or no_negative, specificity),
        "cohen_kappa": (no_threshold or no_class, lambda: cohen_kappa_score(true, called)),
    }
    values = {name: None if reason else float(f()) for name, (reason, f) in metrics.items()}
    reasons = {name: reason for name, (reason, _) in metrics.items() if reason}
    counts = {"n": n, "n_positive": n_positive}
    return counts | values | {"threshold": threshold, "reasons": reasons}


def mean_over_targets(
    by_target: dict[str, dict[str, Any]], metrics: tuple[str, ...]
) -> dict[str, Any]:
    """The mean of each metric over the targets that define it, how many, and why none does."""
    mean: dict[str, Any] = {"reasons": {}}
    for name in metrics:
        defined = [values[name] for values in by_target.values() if values[name] is not None]
        mean[name] = float(np.mean(defined)) if defined else None
        mean[f"{name}_over"] = len(defined)
        if not defined:
            reason = next(iter(by_target.values()))["reasons"][name]
            mean["reasons"][name] = reason if len(by_target) == 1 else "undefined for every target"
    return mean


def _log_loss(y: NDArray[np.float64], prob: NDArray[np.float64]) -> dict[str, Any]:
    known = ~np.isnan(y)
    if not known.any():
        return {"loss": None, "reasons": {"loss": "no known label"}}
    p = np.clip(prob[known], CLIP, 1 - CLIP)
    return {"loss": float(-np.mean(np.log(np.where(y[known] == 1, p, 1 - p)))), "reasons": {}}


def _multiclass(
    y: NDArray[np.float64], prob: NDArray[np.float64], targets: list[str]
) -> dict[str, Any]:
    known = ~np.isnan(y).all(axis=1)
    y, prob = y[known], prob[known]
    if ((y == 1).sum(axis=1) != 1).any():
        raise ValueError("exclusive targets need exactly one 1 in every row with a known label")
    names = ("loss", "accuracy", "balanced_accuracy")
    if not len(y):
        return dict.fromkeys(names) | {"reasons": dict.fromkeys(names, "no known label")}
    true = np.argmax(y == 1, axis=1)
    correct = np.argmax(prob, axis=1) == true
    p_true = np.clip(prob[np.arange(len(y)), true], CLIP, 1 - CLIP)
    images = np.bincount(true, minlength=len(targets))
    result = {"loss": float(-np.mean(np.log(p_true))), "accuracy": float(np.mean(correct))}
    if not images.all():
        absent = [name for name, count in zip(targets, images, strict=True) if not count]
        reason = f"no image of {', '.join(absent)} among {len(y)}"
        return result | {"balanced_accuracy": None, "reasons": {"balanced_accuracy": reason}}
    recall = np.bincount(true, weights=correct) / images
    return result | {"balanced_accuracy": float(np.mean(recall)), "reasons": {}}


def _checked(
    y: NDArray[np.floating], prob: NDArray[np.floating], targets: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
