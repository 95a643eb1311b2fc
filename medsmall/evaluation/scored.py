"""Each metric as a `Score`: its value, and the influence of every patient on it.

The values are those of `metrics`, `classes` and `regression`; the influences serve intervals and
comparisons. None where a metric is undefined.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsmall.evaluation import influence
from medsmall.evaluation.influence import Codes, Floats, Score, of_sums

# of the sums of true positives, false positives, false negatives and true negatives
OF_CALLS: dict[str, Callable[..., Any]] = {
    "accuracy": lambda tp, fp, fn, tn: (tp + tn) / (tp + fp + fn + tn),
    "sensitivity": lambda tp, fp, fn, tn: tp / (tp + fn),
    "specificity": lambda tp, fp, fn, tn: tn / (tn + fp),
    "balanced_accuracy": lambda tp, fp, fn, tn: (tp / (tp + fn) + tn / (tn + fp)) / 2,
    "cohen_kappa": lambda tp, fp, fn, tn: (
        2 * (tp * tn - fp * fn) / ((tp + fp) * (fp + tn) + (tp + fn) * (fn + tn))
    ),
    "recall": lambda tp, fp, fn, tn: tp / (tp + fn),
    "precision": lambda tp, fp, fn, tn: tp / (tp + fp),
    "f1": lambda tp, fp, fn, tn: 2 * tp / (2 * tp + fp + fn),
}
AREAS = {"auroc": influence.auroc, "average_precision": influence.average_precision}
OF_QUANTITY: dict[str, Callable[..., Any]] = {  # of sums of |e|, e, e^2, y, y^2 and 1
    "mae": lambda absolute, e, squares, y, yy, n: absolute / n,
    "mean_error": lambda absolute, e, squares, y, yy, n: e / n,
    "rmse": lambda absolute, e, squares, y, yy, n: (squares / n) ** 0.5,
    "r2": lambda absolute, e, squares, y, yy, n: 1 - squares / (yy - y**2 / n),
}


def of_finding(
    metric: str, y: Floats, prob: Floats, called: NDArray[np.bool_] | None, patient: Codes, g: int
) -> Score | None:
    """The metric of one finding, or of a class against the rest: `y` (N,) is 1, 0 or NaN.

    `called` (N,) says what counts as positive: at the threshold, or the most probable class; None
    if there is no threshold. `patient` (N,) are whole numbers below `g`.
    """
    known = ~np.isnan(y)
    y, prob, patient = y[known], prob[known], patient[known]
    positive = y == 1
    share = float(positive.mean()) if len(y) else 0.0
    chance = {"average_precision": share, "precision": share, "cohen_kappa": 0.0,
              "f1": 2 * share / (1 + share)}.get(metric, 0.5)  # fmt: skip
    rests_on = {"sensitivity": [positive], "recall": [positive], "specificity": [~positive],
                "accuracy": [known[known]]}.get(metric, [positive, ~positive])  # fmt: skip
    if not all(of.any() for of in rests_on):
        return None
    if metric in AREAS:
        found = AREAS[metric](y, prob, patient, g)
    else:
        if called is None or (metric == "precision" and not called[known].any()):
            return None
        yes = called[known]
        calls = [yes & positive, yes & ~positive, ~yes & positive, ~yes & ~positive]
        found = of_sums(OF_CALLS[metric], np.array(calls, dtype=float), patient, g)
        if metric == "precision":
            rests_on = [yes]
    return Score(*found, min(len(np.unique(patient[of])) for of in rests_on), chance)


def of_classes(
    metric: str, true: Codes, called: Codes, k: int, patient: Codes, g: int
) -> Score | None:
    """A metric of all `k` classes together; `true` and `called` (N,) are their places.

    None unless every class occurs, for kappa unless two do.
    """
    cells = np.zeros((k * k, len(true)))
    cells[true * k + called, np.arange(len(true))] = 1
    there = np.unique(true)
    if len(there) < {"accuracy": 1, "cohen_kappa": 2}.get(metric, k):
        return None

    def value(*sums: Any) -> Any:
        confusion = np.array(sums).reshape(k, k)
        hits, rows, columns = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
        n = rows.sum()
        if metric == "balanced_accuracy":
            return (hits / rows).mean()
        if metric == "macro_f1":
            return (2 * hits / (rows + columns)).mean()
        agreed, chance = hits.sum() / n, (rows * columns).sum() / n**2
        return agreed if metric == "accuracy" else (agreed - chance) / (1 - chance)

    rests_on = min(len(np.unique(patient[true == one])) for one in there)
    if metric in ("accuracy", "cohen_kappa"):
        rests_on = len(np.unique(patient))
    chance = {"accuracy": 0.5, "cohen_kappa": 0.0}.get(metric, 1 / k)
    return Score(*of_sums(value, cells, patient, g), rests_on, chance)


def of_quantity(metric: str, y: Floats, predicted: Floats, patient: Codes, g: int) -> Score | None:
    """A metric of numbers: ``mae``, ``rmse``, ``mean_error`` or ``r2``; `y` NaN is unknown."""
    known = ~np.isnan(y)
    y, error, patient = y[known], (predicted - y)[known], patient[known]
    if not len(y) or (metric == "r2" and np.ptp(y) == 0):
        return None
    y = y - y.mean()
    terms = np.array([np.abs(error), error, error**2, y, y**2, np.ones(len(y))])
    return Score(*of_sums(OF_QUANTITY[metric], terms, patient, g), len(np.unique(patient)))
