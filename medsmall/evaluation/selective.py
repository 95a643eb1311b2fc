"""Answering the most certain images only: the risk at each coverage, and a coverage that is safe.

The risk is the share of wrong answers among those given, the coverage the share of images that are
answered, most certain first; images of one certainty are answered together. AURC is the mean of the
risk over coverages, E-AURC what it has more than with the best order for as many errors (Geifman et
al., ICLR 2019). Lower is better.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import digamma

from medsmall.evaluation.bands import Band
from medsmall.evaluation.influence import Codes, Floats, Score, of_sums
from medsmall.evaluation.intervals import LEVEL, Interval, interval, student, too_few
from medsmall.evaluation.measured import Measured
from medsmall.evaluation.one_each import one_of_each

MOST = 100  # thresholds of a curve
RESAMPLED = 300  # draws of patients for AURC: a half width is known to about 4%
TRIED = 20  # coverages that are tried for a limit
TINY = 1e-9


class Selective(NamedTuple):
    """A curve over thresholds (T,) on certainty, the highest first.

    At each, images from it on are answered: `coverage` (T,) of them, with `risk`, whose band holds
    threshold by threshold; NaN below FEW patients. `aurc` and `e_aurc` are of the whole curve.
    """

    thresholds: Floats
    coverage: Floats
    risk: Band
    aurc: Measured
    e_aurc: Measured


class Limited(NamedTuple):
    """Answers are given where certainty is `above` this (-1: to all).

    `coverage` is of all images; of one image for each patient, `answered` are answered and
    `wrong` of them wrongly. The risk among these is below `bound`.
    """

    above: float
    coverage: float
    answered: int
    wrong: int
    bound: float


def risk_coverage(
    wrong: Floats, certainty: Floats, patient: Codes, seed: int = 0
) -> Selective | str:
    """The curve of answers that are `wrong` (N,), 1, 0 or NaN unknown; a reason if none is known.

    `certainty` (N,) rises with it, for instance the probability of the class called.
    """
    known = ~np.isnan(wrong)
    if not known.any():
        return "no known label"
    wrong, certainty = wrong[known], certainty[known]
    codes = np.unique(patient[known], return_inverse=True)[1]
    levels = np.unique(certainty)[::-1]
    if len(levels) > MOST:
        levels = levels[np.linspace(0, len(levels) - 1, MOST).round().astype(int)]
    points = np.array([_at(wrong, certainty >= level, codes) for level in levels])
    return Selective(levels, points[:, 0], Band(*points[:, 1:].T), *_areas(
        wrong, certainty, codes, seed))  # fmt: skip


def coverage_within(
    limit: float,
    wrong: Floats,
    certainty: Floats,
    patient: Codes,
    seed: int = 0,
    level: float = LEVEL,
) -> Limited | str:
    """The largest of TRIED coverages whose risk is below `limit` with 95% confidence; or why none.

    `wrong` and `certainty` (N,) as in `risk_coverage`, certainty 0 at least.

    On one image of each patient (`one_of_each`), since others are not independent: the risk is that
    of an image of a new patient. Thresholds are the certainties of these images, of rising rank.
    Given one, the images above it are independent draws, so that the upper bound of Clopper and
    Pearson (Biometrika 1934) is exact; with Bonferroni over TRIED all bounds hold together (Geifman
    and El-Yaniv, NeurIPS 2017, try them by halving instead).
    """
    known = ~np.isnan(wrong)
    wrong, certainty, patient = wrong[known], certainty[known], patient[known]
    if not len(wrong):
        return "no known label"
    rows = one_of_each(patient, seed)
    error, sure = wrong[rows] == 1, certainty[rows]
    falling = np.sort(sure)[::-1]
    least = 1.0
    for share in np.arange(TRIED, 0, -1) / TRIED:
        rank = int(np.ceil(share * len(falling) - 1e-9))
        above = float(falling[rank - 1]) if share < 1 else -1.0
        answered = sure > above
        n, errors = int(answered.sum()), int(error[answered].sum())
        bound = _upper(errors, n, 1 - (1 - level) / TRIED)
        if bound <= limit:
            return Limited(above, float((certainty > above).mean()), n, errors, bound)
        least = min(least, bound)
    return (
        f"with {len(rows)} patients no coverage has a risk that is surely below {limit:.3g}: "
        f"the lowest bound is {least:.2g}"
    )


def _upper(errors: int, n: int, level: float) -> float:
    """Clopper and Pearson's upper bound of a rate."""
    return 1.0 if errors >= n else float(stats.beta.ppf(level, errors + 1, n - errors))


def _at(wrong: Floats, answered: Floats, codes: Codes) -> tuple[float, float, float, float]:
    """The coverage, the risk, and the ends of its interval, at a threshold."""
    people = int(codes.max()) + 1
    terms = np.stack([wrong * answered, answered.astype(float)])
    found = of_sums(lambda errors, n: errors / n, terms, codes, people)
    score = Score(*found, len(np.unique(codes[answered])), 0.5)
    low, high = interval("accuracy", score) or (np.nan, np.nan)
    return float(answered.mean()), score.value, low, high


def _areas(wrong: Floats, certainty: Floats, codes: Codes, seed: int) -> tuple[Measured, Measured]:
    """AURC and E-AURC, on the log scale, with the variance of a bootstrap of patients."""
    people = int(codes.max()) + 1
    rng = np.random.default_rng(seed)
    times = rng.multinomial(people, np.full(people, 1 / people), size=RESAMPLED)
    (area,), (excess,) = _aurc(wrong, certainty, np.ones((1, len(wrong))))
    if reason := too_few(Score(area, np.zeros(people), people)):
        return Measured(float(area), None, reason), Measured(float(excess), None, reason)
    half = student(LEVEL, people - 1) * np.array(
        [drawn.std() for drawn in _aurc(wrong, certainty, times[:, codes].astype(float))]
    )
    return _on_log_scale(float(area), half[0]), _on_log_scale(float(excess), half[1])


def _on_log_scale(value: float, half: float) -> Measured:
    if value < TINY:
        return Measured(value, None, "it is 0, which has no interval on the log scale")
    factor = float(np.exp(half / value))
    return Measured(value, Interval(value / factor, min(value * factor, 1.0)))


def _aurc(wrong: Floats, certainty: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """AURC and E-AURC (B,) with each row of whole `weights` (B, N)."""
    order = np.argsort(-certainty, kind="stable")
    ends = np.flatnonzero(np.diff(certainty[order], append=-np.inf))
    w = weights[:, order]
    n, errors = (np.cumsum(of, axis=1)[:, ends] for of in (w, w * wrong[order]))
    risk = errors / np.maximum(n, 1e-12)
    total, m = n[:, -1], errors[:, -1]
    area = (np.diff(n, axis=1, prepend=0.0) * risk).sum(axis=1) / total
    best = (m - (total - m) * (digamma(total + 1) - digamma(total - m + 1))) / total
    return area, np.maximum(area - best, 0.0)
