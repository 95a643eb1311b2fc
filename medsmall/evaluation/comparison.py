"""Means over repeats, differences of two arms, and verdicts on a family of such differences.

A score of repeat r has two sources of chance: the repeat (which images were drawn, and the seed)
and the test patients, who are the same in all repeats and in both arms. So repeats are the readers
and patients the cases of a multi-reader multi-case study. The variance of a mean of R repeats is

    var(mean) = s^2 / R + c

where s^2 is the sample variance of the R scores and c the mean covariance over patients of two
different repeats' scores (Obuchowski and Rockette, Commun Stat Simul 1995). An interval is half as
wide as the root of (t s)^2 / R + t'^2 c, t and t' Student's quantiles of R - 1 and of the patients
(Howe, JASA 1974). Degrees of freedom for the sum (Hillis, Stat Med 2007) gave up to 16% false
families with 3 repeats, this 3.5%: see `docs/statistics.md`.

Two repeats may agree by chance, and s^2 is then far too small. So of two, no interval is narrower
than that of these networks alone over patients, with the variance of the mean of their influences.
From three on, intervals hold what they promise without it.

All are about *this* pool of images and *this* source of weights.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import stdtrit

from medsmall.evaluation.influence import Score, covariance
from medsmall.evaluation.intervals import LEVEL, Interval

Word = Literal["better", "worse", "equivalent", "undecided"]
LEAST_P = 1e-12  # smaller ones are given as this
MOST_OF_POOL = 0.95
FEWEST = 2  # repeats with a variance


class Estimate(NamedTuple):
    """A `value`, with its variance by the repeats (`drawn`) and by the patients (`tested`).

    `freedom` is that of `drawn`; `single` is what `drawn` would be of one run. `fixed` is the
    variance by patients of the mean of these very networks, the least of two repeats; else 0.
    """

    value: float
    drawn: float
    tested: float
    repeats: int
    patients: int
    freedom: int
    single: float
    fixed: float = 0.0

    @property
    def error(self) -> float:
        """The standard error."""
        return float(np.sqrt(self.drawn + self.tested))

    def repeated(self, times: int) -> "Estimate":
        """The same with so many times the repeats, as far as this one tells."""
        repeats, freedom = self.repeats * times, (self.freedom + 1) * times - 1
        return self._replace(drawn=self.drawn / times, repeats=repeats, freedom=freedom, fixed=0.0)

    def interval(self, level: float = LEVEL) -> Interval:
        """From below to above the value."""
        half = self._half_width(1 - level)
        return Interval(self.value - half, self.value + half)

    @property
    def p(self) -> float:
        """The p value of 0, on two sides: the level at which the interval ends there."""
        if abs(self.value) <= self._half_width(1.0):
            return 1.0
        if abs(self.value) >= self._half_width(LEAST_P):
            return LEAST_P

        def beyond(log_p: float) -> float:
            return self._half_width(float(np.exp(log_p))) - abs(self.value)

        return float(np.exp(brentq(beyond, np.log(LEAST_P), 0.0)))

    def parts(self, level: float = LEVEL) -> tuple[float, float]:
        """The variances by repeats and by patients that make the interval: the wider pair."""
        repeats, patients = self._quantiles(1 - level)
        if repeats**2 * self.drawn + patients**2 * self.tested < patients**2 * self.fixed:
            return 0.0, self.fixed
        return self.drawn, self.tested

    def _half_width(self, p: float) -> float:
        repeats, patients = self._quantiles(p)
        squared = repeats**2 * self.drawn + patients**2 * self.tested
        return float(np.sqrt(max(squared, patients**2 * self.fixed)))

    def _quantiles(self, p: float) -> tuple[float, float]:
        """Student's, of repeats and of patients; scipy.stats is a hundred times slower."""
        repeats, patients = (stdtrit(n, p / 2) for n in (self.freedom, max(self.patients - 1, 1)))
        return repeats, patients


def over_repeats(scores: Sequence[Score]) -> Estimate:
    """The mean of two or more repeats' scores of the same test patients.

    ValueError for fewer than two repeats: their variance is unknown.
    """
    repeats = len(scores)
    if repeats < FEWEST:
        raise ValueError("one repeat has no variance")
    values = np.array([score.value for score in scores])
    shared = covariance(np.stack([score.influence for score in scores]))
    between = float(shared.sum() - np.trace(shared)) / (repeats * (repeats - 1))
    single = float(values.var(ddof=1))
    return Estimate(
        value=float(values.mean()),
        drawn=single / repeats,
        tested=max(between, 0.0),
        repeats=repeats,
        patients=min(score.patients for score in scores),
        freedom=repeats - 1,
        single=single,
        fixed=float(shared.sum()) / repeats**2 if repeats == FEWEST else 0.0,
    )


def difference(a: Sequence[Score], b: Sequence[Score]) -> Estimate:
    """The mean of a - b over repeats: repeat r of both arms has the same draw and test patients.

    ValueError unless both have the same number of repeats, two at least.
    """
    pairs = zip(a, b, strict=True)
    return over_repeats([minus(x, y) for x, y in pairs])


def minus(a: Score, b: Score) -> Score:
    """Their difference, of the same test patients."""
    return Score(a.value - b.value, a.influence - b.influence, min(a.patients, b.patients))


def for_new_pool(of: Estimate, share: float) -> Estimate | None:
    """The same for draws of another pool, approximately; None if a draw holds nearly all of it.

    Draws that hold a `share` of the pool overlap, so that their scatter is too small: s^2 / R
    becomes s^2 (1 / R + share / (1 - share)), by analogy with Nadeau and Bengio (Machine Learning
    2003).
    """
    if share > MOST_OF_POOL:
        return None
    return of._replace(drawn=of.drawn + of.single * share / (1 - share))


def over_folds(values: Sequence[float], patients: int) -> Estimate:
    """The mean of the scores of K folds, two or more.

    Folds share training images, so their scatter is too small: s^2 (1/K + 1/(K - 1)) instead of
    s^2 / K, as Nadeau and Bengio (Machine Learning 2003) correct random splits by n_test / n_train.
    No unbiased estimate exists (Bengio and Grandvalet, JMLR 2004).
    """
    folds = len(values)
    if folds < 2:
        raise ValueError("one fold has no variance")
    single = float(np.var(values, ddof=1))
    drawn = single * (1 / folds + 1 / (folds - 1))
    return Estimate(float(np.mean(values)), drawn, 0.0, folds, patients, folds - 1, single)


class Verdict(NamedTuple):
    """What a family says of one difference; `low` to `high` is its simultaneous interval."""

    word: Word
    low: float
    high: float
    p: float


def verdicts(
    family: Sequence[Estimate], margin: float | None = None, count: int | None = None
) -> list[Verdict]:
    """Verdicts on differences that hold together: a false one in 5% of families at most.

    (With a `margin`, 7.5%: half as much again for a false "equivalent".)

    `count` is the size of the family if only a part of it is given: the rest counts as undecided.
    p values are Holm's (Scand J Stat 1979). The intervals are Bonferroni's; where Holm's step finds
    a difference that Bonferroni's does not, the interval ends at 0. So 0 is outside exactly where
    the p value is below 5%. "better" and "worse" exclude 0; "equivalent" lies within +-`margin`
    throughout (two one-sided tests); "undecided" is the rest.
    """
    count, alpha = max(count or 0, len(family)), 1 - LEVEL
    adjusted = holm(np.array([of.p for of in family]), count)
    found = []
    for of, p in zip(family, adjusted, strict=True):
        low, high = of.interval(1 - alpha / count)
        if p < alpha:
            low, high = (max(low, 0.0), high) if of.value > 0 else (low, min(high, 0.0))
        else:
            low, high = min(low, 0.0), max(high, 0.0)  # equal to rounding
        word: Word = "undecided"
        if margin is not None and -margin < low and high < margin:
            word = "equivalent"
        elif p < alpha:
            word = "better" if of.value > 0 else "worse"
        found.append(Verdict(word, float(low), float(high), float(p)))
    return found


def holm(p: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Holm's adjusted p values (M,) of `count` tests, of which those not given are larger."""
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * (count - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
