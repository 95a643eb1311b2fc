"""Fits a `Calibration` to the probabilities of validation, never of the test."""

import numpy as np
from numpy.typing import NDArray

from medsmall.evaluation.calibration import METHODS, Array, Calibration, scaled
from medsmall.evaluation.influence import Codes
from medsmall.evaluation.slopes import LEVEL, fitted, patients_of, soft
from medsmall.evaluation.threshold import FEW

# Of each class, for an isotonic map. It overfits small samples: below some hundred cases sigmoids
# are better (Niculescu-Mizil and Caruana, ICML 2005).
FEW_ISOTONIC = 50


def fit(
    y: Array, prob: Array, patient: Codes, method: str, exclusive: bool, names: list[str]
) -> Calibration | str:
    """The map for `names` (K) that fits labels and probabilities best in log loss.

    Args:
        y: (N, K), 1, 0 or NaN = unknown; of exclusive classes one 1 per row.
        prob: (N, K), 0 to 1.
        patient: (N,) codes; images of one patient may resemble each other.
        method: one of `calibration.METHODS`.
        exclusive: whether the targets are classes, of which an image has one.
        names: of the targets.

    Of findings some may be refused: `Calibration.refused`. If all are, or the classes, the result
    is the reason.
    """
    y, prob = np.asarray(y, dtype=np.float64), np.asarray(prob, dtype=np.float64)
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {method}")
    if not y.shape == prob.shape == (len(patient), len(names)):
        raise ValueError(f"y {y.shape} and prob {prob.shape} must both be (N, {len(names)})")
    if exclusive:
        return _of_classes(y, prob, np.asarray(patient), method, names)
    return _of_findings(y, prob, np.asarray(patient), method, names)


def _of_findings(
    y: Array, prob: Array, patient: Codes, method: str, names: list[str]
) -> Calibration | str:
    k = len(names)
    refused: dict[str, str] = {}
    slope, bias, quantile = np.ones(k), np.zeros(k), np.ones(k)
    covariance, knots = np.zeros((k, 2, 2)), _no_knots(k)
    for j, name in enumerate(names):
        known = ~np.isnan(y[:, j])
        labels = np.stack([y[known, j] == 0, y[known, j] == 1], axis=1).astype(float)
        p, people = prob[known, j], patient[known]
        counts = patients_of(labels, people)
        if reason := _too_few(counts, method, name) or _constant(p, name):
            refused[name] = reason
        elif method == "isotonic":
            knots[j] = _rising(p, soft(labels)[:, 1])
        else:
            z = np.c_[np.zeros(len(p)), scaled(p, exclusive=False)]
            found = fitted(z, labels, people, method)
            slope[j], bias[j] = found.slope, found.biases[1]
            covariance[j] = found.covariance[::2, ::2]
            quantile[j] = _student(int(counts.min()))
    if len(refused) == k:
        others = f"; so for {k - 1} more" if k > 1 else ""
        return next(iter(refused.values())) + others
    return Calibration(
        method, False, list(names), refused, slope.tolist(), bias.tolist(),
        [] if method == "isotonic" else covariance.tolist(), quantile.tolist(),
        knots if method == "isotonic" else [], [0.0] * k,
    )  # fmt: skip


def _of_classes(
    y: Array, prob: Array, patient: Codes, method: str, names: list[str]
) -> Calibration | str:
    known, k = ~np.isnan(y).any(axis=1), len(names)
    y, prob, patient = y[known], prob[known], patient[known]
    counts = patients_of(y, patient)
    there = np.flatnonzero(counts)
    most, rest = int(counts.max()), len(np.unique(patient[y[:, counts.argmax()] == 0]))
    if reason := _too_few_classes(counts, rest, method, names) or _constant(prob, "any class"):
        return reason
    slope, bias, knots = 1.0, np.zeros(k), _no_knots(k)
    covariance, places = np.zeros((1 + k, 1 + k)), np.r_[0, 1 + there]
    if method == "isotonic":
        targets = soft(y[:, there])
        for j, target in zip(there, targets.T, strict=True):
            knots[j] = _rising(prob[:, j], target)
    else:
        z = scaled(prob, exclusive=True)[:, there]
        found = fitted(z, y[:, there], patient, method)
        slope, bias[there] = found.slope, found.biases
        covariance[np.ix_(places, places)] = found.covariance
    absent = {name: "validation has no image of it" for j, name in enumerate(names)
              if not counts[j]}  # fmt: skip
    return Calibration(
        method, True, list(names), absent, [slope] * k, bias.tolist(),
        [] if method == "isotonic" else [covariance.tolist()],
        [_student(min(most, rest))] * k, knots if method == "isotonic" else [], [0.0] * k,
    )  # fmt: skip


def _rising(p: Array, target: Array) -> list[list[float]]:
    """The knots of the rising function nearest to `target` (N,)."""
    from sklearn.isotonic import IsotonicRegression

    found = IsotonicRegression(out_of_bounds="clip").fit(p, target)
    return [found.X_thresholds_.tolist(), found.y_thresholds_.tolist()]


def _no_knots(k: int) -> list[list[list[float]]]:
    return [[] for _ in range(k)]


def _least(method: str) -> int:
    return FEW_ISOTONIC if method == "isotonic" else FEW


def _too_few(counts: NDArray[np.int64], method: str, name: str) -> str:
    negative, positive = counts
    if counts.min() >= _least(method):
        return ""
    return (
        f"validation has {positive} positive and {negative} negative patients of {name}, "
        f"{method} needs {_least(method)} of each"
    )


def _too_few_classes(counts: NDArray[np.int64], rest: int, method: str, names: list[str]) -> str:
    """A single slope needs patients of the commonest class and of the `rest`, a bias its own."""
    least, common = _least(method), names[int(counts.argmax())]
    if method == "temperature":
        if min(counts.max(), rest) >= least:
            return ""
        return (
            f"validation has {counts.max()} patients of {common} and {rest} of other classes, "
            f"temperature needs {least} of both"
        )
    rare = int(np.where(counts > 0, counts, counts.max() + 1).argmin())
    if np.count_nonzero(counts) > 1 and counts[rare] >= least:
        return ""
    if np.count_nonzero(counts) < 2:
        return f"validation has {counts.max()} patients of {common} and 0 of other classes"
    return (
        f"validation has {counts[rare]} patients of {names[rare]}, {method} needs {least} of each "
        "class that occurs"
    )


def _constant(p: Array, name: str) -> str:
    if len(p) and np.ptp(p, axis=0).max() > 0:
        return ""
    return f"all probabilities of {name} in validation are the same"


def _student(patients: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(max(patients - 1, 1), (1 + LEVEL) / 2))
