"""How far probabilities are from what they promise: Brier score, log loss, expected error (ECE).

The two losses are of a finding, `y` and `prob` (N,), or of exclusive classes, (N, K): then the sum
of squares over classes (Brier, Monthly Weather Review 1950) and -log p of the true class. The ECE
(Naeini et al., AAAI 2015) is of a finding, or of whether the class called is right: `of_called`.

The ECE of a small test is too high: the share observed in a bin scatters around the probability
even where both agree (Bröcker, Clim Dyn 2012; Roelofs et al., AISTATS 2022). Beside it stands the
one that a perfectly calibrated model with these probabilities would have, on average.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from medsmall.evaluation.bands import bin_of
from medsmall.evaluation.influence import Codes, Floats, Score, by_patient, of_sums
from medsmall.evaluation.intervals import LEVEL, Interval, student, too_few
from medsmall.evaluation.measured import Measured, measured
from medsmall.evaluation.metrics import CLIP

BINS, PER_BIN = 10, 15  # bins at most; predictions in each at least
RESAMPLED, LABELS_DRAWN = 1000, 200  # draws of patients; of labels
Z = 1.959964  # the normal quantile that Student's replaces
NO_LABEL = "no known label"


class Ece(NamedTuple):
    """The ECE (0 to 1) as `Measured`; what perfect calibration would give; one without the bias."""

    measured: Measured
    if_perfect: float | None
    debiased: float | None


class Change(NamedTuple):
    """After minus before: below 0 is better."""

    brier: Measured
    log_loss: Measured


def brier(y: Floats, prob: Floats, patient: Codes) -> Measured:
    """The mean squared error, 0 to 1 of a finding, to 2 of classes; `y` NaN is unknown."""
    return measured("mae", _mean(_squares(y, prob), patient), NO_LABEL)


def log_loss(y: Floats, prob: Floats, patient: Codes) -> Measured:
    """The mean of -log p, p clipped as in `medsmall.evaluation.metrics`; `y` NaN is unknown."""
    return measured("mae", _mean(_logs(y, prob), patient), NO_LABEL)


def change(y: Floats, before: Floats, after: Floats, patient: Codes) -> Change:
    """The losses of `after` minus those of `before`, of the same test images.

    The interval is that of the mean difference over patients. ValueError if shapes differ.
    """
    if not np.shape(y) == np.shape(before) == np.shape(after):
        raise ValueError("labels and probabilities before and after must have the same shape")
    brier, logs = (
        measured("mean_error", _mean(loss(y, after) - loss(y, before), patient), NO_LABEL)
        for loss in (_squares, _logs)
    )
    return Change(brier, logs)


def of_called(y: Floats, prob: Floats) -> tuple[Floats, Floats]:
    """Of exclusive classes (N, K) whether the class called is right, and its probability (N,)."""
    right = (prob.argmax(axis=1) == np.nan_to_num(y).argmax(axis=1)).astype(float)
    return np.where(np.isnan(y).any(axis=1), np.nan, right), prob.max(axis=1)


def ece(y: Floats, prob: Floats, patient: Codes, seed: int = 0) -> Ece:
    """The mean distance of the share observed from the mean probability, of bins of `edges_of`.

    `y` and `prob` (N,). `if_perfect` draws each label by its probability, times the root of how
    much more the bins scatter since images of a patient are alike.

    The interval and `debiased` are by inversion: the distances of all bins are multiplied by a
    factor, and deviations of a bootstrap of patients are added. The ends are the ECEs under which
    the value would be the 97.5% and the 2.5% quantile; `debiased` is the one under which it would
    be the mean, or 0.
    """
    known = ~np.isnan(y)
    y, prob = y[known], prob[known]
    if not len(y):
        return Ece(Measured(None, None, NO_LABEL), None, None)
    codes = np.unique(patient[known], return_inverse=True)[1]
    people, edges = int(codes.max()) + 1, edges_of(prob)
    inside = np.eye(len(edges) - 1)[bin_of(prob, edges)]
    rng = np.random.default_rng(seed)
    drawn = (rng.random((LABELS_DRAWN, len(y))) < prob).astype(float)
    perfect = float(np.abs((drawn - prob) @ inside).sum(axis=1).mean() / len(y))
    apart = (y - prob)[:, None] * inside
    perfect *= float(np.sqrt(_alike(apart, inside, codes, people)))
    value = float(np.abs(apart.sum(axis=0)).sum() / len(y))
    if reason := too_few(Score(value, np.zeros(people), people)):
        return Ece(Measured(value, None, reason), perfect, None)
    low, middle, high = _inverted(apart, codes, people, rng)
    return Ece(Measured(value, Interval(low, high)), perfect, middle)


def edges_of(prob: Floats) -> Floats:
    """The edges of BINS bins with equally many of the probabilities (N,), of PER_BIN at least."""
    count = int(np.clip(len(prob) // PER_BIN, 1, BINS))
    edges = np.unique(np.quantile(prob, np.linspace(0, 1, count + 1)))
    return edges if len(edges) > 1 else np.array([edges[0], edges[0] + 1e-9])


def _squares(y: Floats, prob: Floats) -> Floats:
    squares = (prob - y) ** 2
    return squares if squares.ndim == 1 else np.asarray(squares.sum(axis=1))


def _logs(y: Floats, prob: Floats) -> Floats:
    p = np.clip(prob, CLIP, 1 - CLIP)
    if y.ndim == 1:
        return -(y * np.log(p) + (1 - y) * np.log(1 - p))
    return -np.asarray((y * np.log(p)).sum(axis=1))


def _mean(loss: Floats, patient: Codes) -> Score | None:
    """Of a loss (N,), NaN unknown, as a score that rests on all patients."""
    known = ~np.isnan(loss)
    if not known.any():
        return None
    codes = np.unique(patient[known], return_inverse=True)[1]
    people = int(codes.max()) + 1
    terms = np.stack([loss[known], np.ones(known.sum())])
    return Score(*of_sums(lambda total, n: total / n, terms, codes, people), people)


def _alike(apart: Floats, inside: NDArray[np.float64], codes: Codes, people: int) -> float:
    """How much more the sums of bins scatter than those of independent images, 1 at least.

    `apart` (N, B) is label - probability in the bin of the image, else 0.
    """
    mean = apart.sum(axis=0) / np.maximum(inside.sum(axis=0), 1)
    rest = apart - mean * inside
    sums = np.stack([by_patient(column, codes, people) for column in rest.T])
    return float(max((sums**2).sum() / max((rest**2).sum(), 1e-300), 1.0))


def _inverted(
    apart: Floats, codes: Codes, people: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    """The lower end, the debiased value, the upper end; `apart` (N, B) as in `_alike`."""
    sums, images = np.zeros((people, apart.shape[1])), np.bincount(codes, minlength=people)
    np.add.at(sums, codes, apart)
    centre = sums.sum(axis=0) / len(apart)
    times = rng.multinomial(people, np.full(people, 1 / people), size=RESAMPLED)
    moved = (times @ sums) / (times @ images)[:, None] - centre
    moved *= student(LEVEL, people - 1) / Z * np.sqrt(people / (people - 1))
    value = float(np.abs(centre).sum())

    def at(of: Callable[[Floats], Any]) -> float:
        """The ECE under which this figure of its draws is the value; between 0 and 1."""

        def beyond(factor: float) -> float:
            return float(of(np.abs(factor * centre + moved).sum(axis=1))) - value

        most = 1 / max(value, 1e-12)
        if beyond(0.0) >= 0:
            return 0.0
        return value * (most if beyond(most) <= 0 else float(brentq(beyond, 0.0, most)))

    low, high = (at(partial(np.quantile, q=q)) for q in ((1 + LEVEL) / 2, (1 - LEVEL) / 2))
    return min(low, value), at(np.mean), max(high, value)
