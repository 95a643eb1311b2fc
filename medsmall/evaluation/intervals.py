"""95% intervals of scores of a small test set, whose patients may have several images each.

One way for all scores: the variance over patients from their influences, on a scale without ends.
`docs/statistics.md` has the measured coverage, made by ``scripts/simulate_intervals.py``. Below FEW
patients there is no interval: none holds what it promises.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from medsmall.evaluation.influence import Score, covariance
from medsmall.evaluation.scales import loss_of, lowest
from medsmall.evaluation.threshold import FEW

LEVEL = 0.95
PSEUDO_PATIENTS = 0.5


class Interval(NamedTuple):
    """From `low` to `high`, the score inside."""

    low: float
    high: float


def too_few(score: Score, people: str = "patients") -> str:
    """Why a score has no interval: it rests on fewer than FEW patients; "" if it has one."""
    if score.patients >= FEW:
        return ""
    return f"it rests on {score.patients} {people}, fewer than {FEW}"


def interval(metric: str, score: Score, level: float = LEVEL) -> Interval | None:
    """The interval of a score that `scored` gives for this metric; None if `too_few`."""
    return of_mean(metric, score, variance(score), 0.0, 0, level)


def of_mean(
    metric: str, score: Score, tested: float, drawn: float, freedom: int, level: float = LEVEL
) -> Interval | None:
    """The same of a mean over repeats: `score` has its value and what it rests on.

    `tested` and `drawn` are its variances over patients and over repeats, the latter with so much
    `freedom` (`medsmall.evaluation.comparison`); each has its own quantile (Howe, JASA 1974).
    """
    if too_few(score):
        return None
    t = student(level, freedom) if freedom else 0.0
    patients = student(level, score.patients - 1)
    half = float(np.sqrt(t**2 * drawn + patients**2 * tested))
    if metric == "mean_error":
        return Interval(score.value - half, score.value + half)
    if (least := lowest(metric)) is None:
        return _of_loss(loss_of(score.value, metric), half, metric)
    return _between_ends(score, tested, t**2 * drawn, level, least)


def _between_ends(
    score: Score, tested: float, of_repeats: float, level: float, lowest: float
) -> Interval:
    """That of a score from `lowest` to 1, on the logit scale (Pepe 2003, section 5.2).

    Half a patient with chance results is added, as Agresti and Coull (Am Stat 1998) add successes
    and failures to a proportion: without it 95% for an AUROC near 1 may hold the truth in 80%. At
    its ends the interval has one side.
    """
    value = (score.value - lowest) / (1 - lowest)
    middle, squared = shrunk(score, tested, lowest)
    z = max(float(stats.norm.ppf(level if value in (0, 1) else (1 + level) / 2)), 0.0)
    squared = z**2 * squared + of_repeats / (1 - lowest) ** 2
    half = np.sqrt(squared) / (middle * (1 - middle))
    low = min(expit(logit(middle) - half), value) if value > 0 else 0.0
    high = max(expit(logit(middle) + half), value) if value < 1 else 1.0
    return Interval(lowest + (1 - lowest) * float(low), lowest + (1 - lowest) * float(high))


def shrunk(score: Score, tested: float, lowest: float = 0.0) -> tuple[float, float]:
    """The score and its variance with the half patient, as shares of the way from `lowest` to 1."""
    assert score.chance is not None
    value, chance = ((v - lowest) / (1 - lowest) for v in (score.value, score.chance))
    n, extra = score.patients, PSEUDO_PATIENTS
    share = extra / (n + extra)
    squared = (1 - share) ** 2 * tested / (1 - lowest) ** 2 * n / (n - 1)
    squared += share * (value - chance) ** 2 / (n + extra)
    return (1 - share) * value + share * chance, squared


def _of_loss(loss: float, half: float, metric: str) -> Interval:
    """That of an error, or of R2, with the half width of its loss, which is on the log scale."""
    factor = float(np.exp(half / loss)) if loss else 1.0
    return Interval(*sorted(loss_of(end, metric) for end in (loss / factor, loss * factor)))


def of_difference(a: float, b: float, ends: tuple[Interval, Interval], alike: float) -> Interval:
    """That of a - b, from the `ends` of both and their correlation `alike` (MOVER).

    Zou and Donner, Construction of confidence limits about effect measures, Stat Med 2008.
    """
    of_a, of_b = ends

    def reach(up: float, down: float) -> float:
        return float(np.sqrt(max(up**2 + down**2 - 2 * alike * up * down, 0.0)))

    low, high = reach(a - of_a.low, of_b.high - b), reach(of_a.high - a, b - of_b.low)
    return Interval(a - b - low, a - b + high)


def variance(score: Score) -> float:
    """Of a score over patients."""
    return float(covariance(score.influence[None])[0, 0]) if len(score.influence) > 1 else 0.0


def student(level: float, freedom: int) -> float:
    """Student's quantile on two sides."""
    return float(stats.t.ppf((1 + level) / 2, freedom))
