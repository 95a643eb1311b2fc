"""Metrics of exclusive classes: of the most probable class, beside those of the majority class.

Accuracies of one class against the rest would mislead: a classifier that never finds a rare class
has an accuracy near 1 for it. AUROC and average precision are one against the rest, too, but need
no threshold.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsmall.evaluation.arrays import checked
from medsmall.evaluation.metrics import CLIP, area_metrics, mean_over_targets

OVERALL = ("accuracy", "balanced_accuracy", "macro_f1", "cohen_kappa")
METRICS = ("auroc", "average_precision", "recall", "precision", "f1")


def evaluate_classes(
    y: NDArray[np.floating], prob: NDArray[np.floating], targets: list[str]
) -> dict[str, Any]:
    """All metrics, ready for JSON (Python int, float, None), in the form `metrics.evaluate` has.

    `y` (N, K): one 1 per row and else 0, or NaN = unknown throughout; `prob` (N, K): 0 to 1.

    Result: ``n`` rows; ``loss``, the mean of -log p of the true class, p clipped to
    [1e-7, 1 - 1e-7]; of the most probable class ``accuracy``, ``balanced_accuracy`` (mean recall),
    ``macro_f1`` (mean F1 over the classes), ``cohen_kappa``; ``majority``: the same four of always
    saying the most frequent class, and its name as ``class``; ``confusion``: K lists of K counts,
    a row per true class, a column per predicted one; ``reasons`` for a None among these;
    ``targets``: by name ``n`` (known), ``n_positive``, ``auroc`` and ``average_precision`` of the
    class against the rest, ``recall``, ``precision`` and ``f1`` of the most probable class,
    ``reliable`` as in `metrics.evaluate`, ``reasons``; ``mean``: see `mean_over_targets`.

    Raises ValueError on shapes that differ, a NaN or out-of-range `prob`, other values in `y`.
    """
    y, prob = checked(y, prob, targets)
    known = ~np.isnan(y).all(axis=1)
    known_y, known_prob = y[known], prob[known]
    if ((known_y == 1).sum(axis=1) != 1).any():
        raise ValueError("exclusive targets need exactly one 1 in every row with a known label")
    true, called = np.argmax(known_y == 1, axis=1), np.argmax(known_prob, axis=1)
    confusion = np.zeros((len(targets), len(targets)), dtype=np.int64)
    np.add.at(confusion, (true, called), 1)
    by_target = {
        name: _one_class(known_y[:, k], known_prob[:, k], confusion, k)
        for k, name in enumerate(targets)
    }
    return {
        "n": len(y),
        **_overall(confusion, known_prob[np.arange(len(true)), true], targets),
        "confusion": confusion.tolist(),
        "targets": by_target,
        "mean": mean_over_targets(by_target, METRICS),
    }


def _overall(
    confusion: NDArray[np.int64], p_true: NDArray[np.float64], targets: list[str]
) -> dict[str, Any]:
    images = confusion.sum(axis=1)
    if not images.sum():
        absent = dict.fromkeys(OVERALL)
        reasons = dict.fromkeys(("loss", *OVERALL), "no known label")
        return {"loss": None, **absent, "majority": {"class": None, **absent}, "reasons": reasons}
    frequent = int(np.argmax(images))
    always = np.zeros_like(confusion)
    always[:, frequent] = images
    values, reasons = _of_confusion(confusion, targets)
    return {
        "loss": float(-np.mean(np.log(np.clip(p_true, CLIP, 1 - CLIP)))),
        **values,
        "majority": {"class": targets[frequent], **_of_confusion(always, targets)[0]},
        "reasons": reasons,
    }


def _of_confusion(
    confusion: NDArray[np.int64], targets: list[str]
) -> tuple[dict[str, float | None], dict[str, str]]:
    """OVERALL of a table of counts, rows true and columns predicted, and why some is None."""
    images, calls, hits = confusion.sum(axis=1), confusion.sum(axis=0), np.diag(confusion)
    n = images.sum()
    values: dict[str, float | None] = {**dict.fromkeys(OVERALL), "accuracy": float(hits.sum() / n)}
    chance = float(images @ calls) / n**2
    reasons = {}
    if images.all():
        values["balanced_accuracy"] = float(np.mean(hits / images))
        values["macro_f1"] = float(np.mean(2 * hits / (images + calls)))
    else:
        absent = [name for name, count in zip(targets, images, strict=True) if not count]
        reason = f"no image of {', '.join(absent)} among {n}"
        reasons = dict.fromkeys(("balanced_accuracy", "macro_f1"), reason)
    if np.count_nonzero(images) > 1:
        values["cohen_kappa"] = (float(hits.sum() / n) - chance) / (1 - chance)
    else:
        reasons["cohen_kappa"] = f"all {n} images are of one class"
    return values, reasons


def _one_class(
    y: NDArray[np.float64], prob: NDArray[np.float64], confusion: NDArray[np.int64], k: int
) -> dict[str, Any]:
    images, calls, hits = confusion[k].sum(), confusion[:, k].sum(), confusion[k, k]
    found = area_metrics(y, prob)
    absent = "no known label" if not len(y) else f"no image of it among {len(y)}"
    ratios = {
        "recall": (hits, images, absent),
        "precision": (hits, calls, "the class is never the most probable one"),
        "f1": (2 * hits, images + calls if images else 0, absent),
    }
    for name, (part, whole, reason) in ratios.items():
        found[name] = float(part / whole) if whole else None
        if not whole:
            found["reasons"][name] = reason
    return found
