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
from medsmall.evaluation.threshold import FEW

LEVEL = 0.95
PSEUDO_PATIENTS = 0.5


class Interval(NamedTuple):
    """From `low` to `high`, the score inside."""

    low: float
    high: float


def too_few(score: Score) -> str:
    """Why a score has no interval: it rests on fewer than FEW patients; "" if it has one."""
    if score.patients >= FEW:
        return ""
    return f"it rests on {score.patients} patients, fewer than {FEW}"


def interval(metric: str, score: Score, level: float = LEVEL) -> Interval | None:
    """The interval of a score that `scored` gives for this metric; None if `too_few`."""
    if too_few(score):
        return None
    if metric == "mean_error":
        return _plain(score, level)
    if metric in ("mae", "rmse"):
        return _of_error(score, level)
    if metric == "r2":  # 1 - R2 is an error, relative to that of the mean
        low, high = _of_error(Score(1 - score.value, -score.influence, score.patients), level)
        return Interval(1 - high, 1 - low)
    return _between_ends(score, -1.0 if metric == "cohen_kappa" else 0.0, level)


def _between_ends(score: Score, lowest: float, level: float) -> Interval:
    """That of a score from `lowest` to 1, on the logit scale (Pepe 2003, section 5.2).

    Half a patient with chance results is added, as Agresti and Coull (Am Stat 1998) add successes
    and failures to a proportion: without it 95% for an AUROC near 1 may hold the truth in 80%. At
    its ends the interval has one side.
    """
    assert score.chance is not None
    value, chance = ((v - lowest) / (1 - lowest) for v in (score.value, score.chance))
    n, extra = score.patients, PSEUDO_PATIENTS
    share = extra / (n + extra)
    middle = (1 - share) * value + share * chance
    variance = (1 - share) ** 2 * _variance(score) / (1 - lowest) ** 2 * n / (n - 1)
    variance += share * (value - chance) ** 2 / (n + extra)
    z = stats.norm.ppf(level if value in (0, 1) else (1 + level) / 2)
    half = z * np.sqrt(variance) / (middle * (1 - middle))
    low = min(expit(logit(middle) - half), value) if value > 0 else 0.0
    high = max(expit(logit(middle) + half), value) if value < 1 else 1.0
    return Interval(lowest + (1 - lowest) * float(low), lowest + (1 - lowest) * float(high))


def _of_error(score: Score, level: float) -> Interval:
    """That of an error above 0, on the log scale."""
    if score.value == 0:
        return Interval(0.0, 0.0)
    half = _student(score, level) * np.sqrt(_variance(score)) / score.value
    return Interval(score.value * float(np.exp(-half)), score.value * float(np.exp(half)))


def _plain(score: Score, level: float) -> Interval:
    half = _student(score, level) * float(np.sqrt(_variance(score)))
    return Interval(score.value - half, score.value + half)


def _variance(score: Score) -> float:
    return float(covariance(score.influence[None])[0, 0])


def _student(score: Score, level: float) -> float:
    return float(stats.t.ppf((1 + level) / 2, score.patients - 1))
