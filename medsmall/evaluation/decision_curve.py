"""Decision curves: the net benefit of acting on a model at each threshold probability.

Whoever acts from a probability of t on holds one true positive worth (1 - t) / t false ones. The
net benefit is TP / n - FP / n * t / (1 - t), in true positives per image (Vickers and Elkin, Med
Decis Making 2006), to be compared with treating all and treating none, whose benefit is 0.

With a stated prevalence p it is p sensitivity - (1 - p) (1 - specificity) t / (1 - t): the images
of a class are taken to look alike in the test and in the population (Vickers et al., Diagn Progn
Res 2019). The probabilities have to be those of that population.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsmall.evaluation.bands import Band
from medsmall.evaluation.influence import Codes, Floats, Score, covariance, of_sums
from medsmall.evaluation.intervals import Interval, interval, of_difference
from medsmall.evaluation.threshold import FEW

THRESHOLDS: Floats = np.linspace(0.01, 0.99, 99)


class Decision(NamedTuple):
    """Net benefits (T,) at `thresholds` (T,); treating none has 0.

    Bands hold threshold by threshold. `gain` is the model's benefit minus the larger of treating
    all and none. With a stated prevalence, treating all is known exactly.
    """

    thresholds: Floats
    model: Band
    treat_all: Band
    gain: Band
    prevalence: float


def decision_curve(
    y: Floats,
    prob: Floats,
    patient: Codes,
    thresholds: Floats = THRESHOLDS,
    prevalence: float | None = None,
) -> Decision | str:
    """The curve of a finding: `y` (N,), 1, 0 or NaN unknown; `prob` (N,); acting where prob >= t.

    The band is 95%, over patients, made of the intervals of both shares (`of_difference`). A reason
    instead, if there are fewer than FEW patients of a class. ValueError for a threshold or a
    prevalence that is not between 0 and 1.
    """
    thresholds = np.asarray(thresholds, dtype=np.float64)
    stated = thresholds if prevalence is None else np.r_[thresholds, prevalence]
    if not ((stated > 0) & (stated < 1)).all():
        raise ValueError("thresholds and prevalence must lie between 0 and 1")
    known = ~np.isnan(y)
    positive, prob, patient = y[known] == 1, prob[known], patient[known]
    few = [len(np.unique(patient[of])) for of in (positive, ~positive)]
    if min(few) < FEW:
        return f"the test has {few[0]} positive and {few[1]} negative patients, fewer than {FEW}"
    codes = np.unique(patient, return_inverse=True)[1]
    of = _Test(positive, codes, int(codes.max()) + 1, few, prevalence)
    rows = [_at(of, prob >= t, t / (1 - t)) for t in thresholds.tolist()]
    model, treat_all, gain = (Band(*np.array(row).T) for row in zip(*rows, strict=True))
    share = float(positive.mean()) if prevalence is None else prevalence
    return Decision(thresholds, model, treat_all, gain, share)


class _Benefit(NamedTuple):
    value: float
    low: float
    high: float


class _Test(NamedTuple):
    """The labels and patients (N,) of the test, `people` in all, `few` of either class."""

    positive: NDArray[np.bool_]
    patient: Codes
    people: int
    few: list[int]
    prevalence: float | None


def _at(of: _Test, called: NDArray[np.bool_], odds: float) -> tuple[_Benefit, _Benefit, _Benefit]:
    """The benefits of the model, of treating all, and the gain, at one threshold."""
    model, every = (_benefit(of, calls, odds) for calls in (called, np.ones_like(called)))
    if of.prevalence is not None:
        every = _Benefit(*[of.prevalence - odds * (1 - of.prevalence)] * 3)
    if every.value <= 0:
        return model, every, model
    spared = _benefit(of, ~called, odds)  # the gain is the harm to those that the model spares
    return model, every, _Benefit(-spared.value, -spared.high, -spared.low)


def _benefit(of: _Test, treated: NDArray[np.bool_], odds: float) -> _Benefit:
    """Of treating these images: a sum of two shares, each with its interval on the logit scale."""
    hits, false = (_share(of, treated, k) for k in (0, 1))
    p = of.prevalence
    weights = (1.0, odds) if p is None else (p, odds * (1 - p))
    (a, ends_a), (b, ends_b) = (
        (w * one.value, Interval(*(w * end for end in interval("accuracy", one) or one[:1] * 2)))
        for w, one in zip(weights, (hits, false), strict=True)
    )
    shared = covariance(np.stack([hits.influence, false.influence]))
    error = float(np.sqrt(shared[0, 0] * shared[1, 1]))
    alike = float(shared[0, 1]) / error if error else 0.0
    return _Benefit(a - b, *of_difference(a, b, (ends_a, ends_b), alike))


def _share(of: _Test, treated: NDArray[np.bool_], negative: int) -> Score:
    """Of the treated ones of a class among all images; among the class, at a stated prevalence."""
    own = ~of.positive if negative else of.positive
    everyone = of.prevalence is None
    terms = np.stack([own & treated, np.ones_like(own) if everyone else own]).astype(float)
    found = of_sums(lambda part, n: part / n, terms, of.patient, of.people)
    return Score(*found, of.people if everyone else of.few[negative], 0.5)
