"""The probability from which a finding is called positive."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsmall.evaluation.arrays import checked

FEW = 10  # with fewer positives or negatives, a threshold or an AUROC is unreliable


class Threshold(NamedTuple):
    """A probability, and its origin: validation, or the prevalence in training."""

    value: float
    source: Literal["validation", "prevalence"]


def enough(y: NDArray[np.floating]) -> bool:
    """Whether the labels `y` (N,), NaN = unknown, hold FEW positives and FEW negatives."""
    return bool((y == 1).sum() >= FEW and (y == 0).sum() >= FEW)


def threshold_of(
    y: NDArray[np.floating], prob: NDArray[np.floating], prevalence: float
) -> Threshold | None:
    """Youden's, if validation has enough of both classes; else the `prevalence` in training.

    `y` (N,), 1, 0 or NaN = unknown, and `prob` (N,) are of validation. Youden's threshold on a few
    labels is noise. The prevalence, weighted as in the loss, is what a calibrated classifier
    predicts before it sees the image. None if training lacked a class: then nothing was learnt.
    """
    if enough(y):
        youden = choose_threshold(y, prob)
        assert youden is not None
        return Threshold(youden, "validation")
    return Threshold(prevalence, "prevalence") if 0 < prevalence < 1 else None


def choose_threshold(y: NDArray[np.floating], prob: NDArray[np.floating]) -> float | None:
    """The threshold (0 to 1) that maximises Youden's J = sensitivity + specificity - 1.

    `y` (N,): 1, 0, NaN = unknown; `prob` (N,): 0 to 1; from validation, never from the test.
    A row is called positive where prob >= threshold. Candidates are 0 and the points halfway
    between neighbouring scores (at the ends, halfway to 0 and 1); of several with the same J the
    one nearest to 0.5 is taken, then the lower. None where a class is absent. Source: Youden,
    Index for rating diagnostic tests, Cancer 1950.
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
    false_positives = n_negative - np.searchsorted(np.sort(prob[~positive]), candidates)
    youden = true_positives * n_negative - false_positives * n_positive  # integers: ties are exact
    best = candidates[youden == youden.max()]
    return float(best[np.argmin(np.abs(best - 0.5))])
