"""How often conformal sets hold the true class, and how large they are, measured by halves.

Patients are split in half, again and again: the quantile is taken from one half and the sets are
judged on the other. Each patient counts once, with the mean over its images. Sets from all patients
are a little smaller, since the quantile of n patients promises ceil((n + 1)(1 - alpha)) / (n + 1).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsmall.evaluation.conformal import (
    Array,
    Codes,
    classes_of,
    quantile,
    quantiles,
    rank,
    scores,
    sets,
)
from medsmall.evaluation.influence import Score, by_patient
from medsmall.evaluation.intervals import LEVEL, Interval, interval, too_few
from medsmall.evaluation.measured import Measured

SPLITS = 50


class Coverage(NamedTuple):
    """Of sets that promise 1 - alpha.

    Attributes:
        coverage: the mean share of sets that hold the true class, over splits and patients. Its
            interval is that of a mean over patients, of what this way of making sets attains on
            average; a single quantile attains more or less: `one_quantile`.
        by_class: the same among images of each class (K,), which is not promised.
        size: the mean number of classes in a set.
        one_quantile: between which the coverage of the quantile of all patients lies in 95% of
            draws of them: a Beta distribution (Vovk, ACML 2012).
    """

    coverage: Measured
    by_class: list[Measured]
    size: Measured
    one_quantile: Interval


def measured(
    y: Array, prob: Array, patient: Codes, alpha: float, seed: int = 0, each: bool = False
) -> Coverage | str:
    """The coverage of classes (N, K), or of a finding (N,); `y` NaN is unknown.

    With `each` every class has its own `quantiles`. A reason instead, if half of the patients are
    too few for a `quantile`.
    """
    y, prob = classes_of(y, prob)
    known = ~np.isnan(y).any(axis=1)
    y, prob = y[known], prob[known]
    codes = np.unique(patient[known], return_inverse=True)[1]
    people = int(codes.max()) + 1 if len(y) else 0
    rng = np.random.default_rng(seed)
    held, size, times = np.zeros(len(y)), np.zeros(len(y)), np.zeros(people)
    for split in range(SPLITS):
        first = np.zeros(people, dtype=bool)
        first[rng.permutation(people)[: people // 2]] = True
        inside = first[codes]
        q: float | Array | str
        if each:
            q = quantiles(y[inside], prob[inside], codes[inside], alpha)
        else:
            q = quantile(scores(y[inside], prob[inside], codes[inside], seed + split), alpha)
        if isinstance(q, str):
            return f"half of the patients are too few: {q}"
        found = sets(prob[~inside], q)
        held[~inside] += found[np.arange(len(found)), y[~inside].argmax(axis=1)]
        size[~inside] += found.sum(axis=1)
        times[~first] += 1
    share = 1 / np.maximum(times, 1)[codes]
    tested = (times > 0)[codes]
    every = [tested] + [tested & (column == 1) for column in y.T]
    coverage, *by_class = (_mean(held * share, rows, codes, "accuracy") for rows in every)
    return Coverage(
        coverage,
        by_class,
        _mean(size * share, tested, codes, "mean_error"),
        attained(people, alpha),
    )


def attained(patients: int, alpha: float) -> Interval:
    """The ends of 95% of coverages that a quantile of so many patients attains."""
    from scipy.stats import beta

    k = rank(patients, alpha)
    low, high = beta.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], k, patients + 1 - k)
    return Interval(float(low), float(high))


def _mean(values: Array, rows: NDArray[np.bool_], codes: Codes, metric: str) -> Measured:
    """Of `values` (N,) at `rows`, first over the images of a patient, then over patients."""
    if not rows.any():
        return Measured(None, None, "no image of the class")
    people = int(codes.max()) + 1
    images = by_patient(rows.astype(float), codes, people)
    each = by_patient(values * rows, codes, people)[images > 0] / images[images > 0]
    influence = (each - each.mean()) / len(each)
    score = Score(float(each.mean()), influence, len(each), 0.5)
    return Measured(score.value, interval(metric, score), too_few(score))
