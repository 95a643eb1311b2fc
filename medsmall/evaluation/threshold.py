"""The probability from which a finding is called positive."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsmall.evaluation.arrays import checked

SAME = 1e-12  # sums of shares that differ by rounding alone
FEW = 10  # with fewer positives or negatives, a threshold or an AUROC is unreliable


class Chosen(NamedTuple):
    """A threshold, and its origin: validation, the prevalence in training, or a constant answer."""

    value: float
    source: Literal["validation", "prevalence", "constant"]


class Counted(NamedTuple):
    """Thresholds in rising order, and what each gives: (M,) each."""

    thresholds: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    specificity: NDArray[np.float64]


def enough(y: NDArray[np.floating]) -> bool:
    """Whether the labels `y` (N,), NaN = unknown, hold FEW positives and FEW negatives."""
    return bool((y == 1).sum() >= FEW and (y == 0).sum() >= FEW)


def threshold_of(
    y: NDArray[np.floating],
    prob: NDArray[np.floating],
    choose: Callable[[NDArray[np.floating], NDArray[np.floating]], float | None],
    prevalence: float,
) -> Chosen | None:
    """The one that `choose` finds, if validation has enough of both classes; else the `prevalence`.

    `y` (N,), 1, 0 or NaN = unknown, and `prob` (N,) are of validation. A threshold by a few labels
    is noise. The `prevalence` in training, weighted as in the loss, is what a calibrated classifier
    predicts before it sees the image. 0.5, if all images have one probability. None if training
    lacked a class: then nothing was learnt.
    """
    if len(prob) and np.ptp(prob) == 0 and 0 <= prevalence <= 1:
        return Chosen(0.5, "constant")  # all images are of the larger class
    if enough(y):
        chosen = choose(y, prob)
        if chosen is not None:
            return Chosen(chosen, "validation")
    return Chosen(prevalence, "prevalence") if 0 < prevalence < 1 else None


def choose_threshold(y: NDArray[np.floating], prob: NDArray[np.floating]) -> float | None:
    """The threshold (0 to 1) that maximises Youden's J = sensitivity + specificity - 1.

    `y` (N,): 1, 0, NaN = unknown; `prob` (N,): 0 to 1; from validation, never from the test. None
    where a class is absent. Source: Youden, Index for rating diagnostic tests, Cancer 1950.
    """
    of = counted(y, prob)
    return of and best(of, of.sensitivity + of.specificity)


def counted(y: NDArray[np.floating], prob: NDArray[np.floating]) -> Counted | None:
    """What each threshold gives for labels `y` (N,), NaN unknown; None where a class is absent.

    A row is called positive where prob >= threshold. Thresholds are 0 and the points halfway
    between neighbouring scores; at the ends, halfway to 0 and 1.
    """
    y, prob = (array[:, 0] for array in checked(np.c_[y], np.c_[prob], ["target"]))
    prob, positive = prob[~np.isnan(y)], y[~np.isnan(y)] == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return None
    scores = np.unique(np.r_[0.0, prob, 1.0])
    # Between two neighbouring floats there is no middle: take the upper one then.
    middle = (scores[:-1] + scores[1:]) / 2
    candidates = np.r_[0.0, np.where(middle > scores[:-1], middle, scores[1:])]
    true_positives = n_positive - np.searchsorted(np.sort(prob[positive]), candidates)
    true_negatives = np.searchsorted(np.sort(prob[~positive]), candidates)
    return Counted(
        candidates, np.asarray(true_positives / n_positive), np.asarray(true_negatives / n_negative)
    )


def best(
    of: Counted,
    score: NDArray[np.float64],
    then: NDArray[np.float64] | None = None,
) -> float:
    """The threshold of the largest `score` (M,); of equal ones, of the largest `then` (M,).

    Of several that are left, the one nearest to 0.5, then the lower.
    """
    left = _largest(np.arange(len(score)), score)
    if then is not None:
        left = _largest(left, then)
    near = of.thresholds[left]
    return float(near[np.argmin(np.abs(near - 0.5))])


def _largest(left: NDArray[np.int64], score: NDArray[np.float64]) -> NDArray[np.int64]:
    return left[score[left] >= score[left].max() - SAME]
