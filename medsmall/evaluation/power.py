"""The difference of two arms that a sweep would find: for planning one from a pilot or assumptions.

A verdict is found where a difference exceeds the half width of its interval
(`medsmall.evaluation.comparison`), which is itself uncertain: the variance over repeats is
estimated from those repeats. Power is the mean over that uncertainty.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from medsmall.evaluation.influence import Codes, Floats, auroc, covariance
from medsmall.evaluation.intervals import LEVEL, student

POWER = 0.8
NODES = (np.arange(200) + 0.5) / 200


class Pilot(NamedTuple):
    """The variance of a difference over repeats, for one (`drawn`), and over `patients`."""

    drawn: float
    tested: float
    patients: int


def uncertain(pilot: Pilot, freedom: int) -> tuple[Pilot, Pilot]:
    """A pilot whose `drawn` was estimated with so much freedom, at the ends of its 80% interval."""
    low, high = (
        pilot._replace(drawn=pilot.drawn * freedom / float(stats.chi2.ppf(end, freedom)))
        for end in (0.9, 0.1)
    )
    return low, high


def power(true: float, pilot: Pilot, repeats: int, comparisons: int = 1) -> float:
    """The probability that `repeats` repeats find a `true` difference, in its direction.

    It is one of so many `comparisons`, as the first step of Holm's method asks.
    """
    if repeats < 2:
        return 0.0
    level = 1 - (1 - LEVEL) / comparisons
    t, t_patients = (student(level, n - 1) for n in (repeats, pilot.patients))
    estimated = pilot.drawn * stats.chi2.ppf(NODES, repeats - 1) / (repeats - 1)
    half = np.sqrt(t**2 * estimated / repeats + t_patients**2 * pilot.tested)
    error = np.sqrt(pilot.drawn / repeats + pilot.tested)
    return float(np.mean(stats.norm.cdf((abs(true) - half) / error)))


def detectable(pilot: Pilot, repeats: int, comparisons: int = 1) -> float:
    """The least true difference that `repeats` repeats find with a probability of POWER.

    ValueError for fewer than two repeats.
    """
    if repeats < 2:
        raise ValueError("one repeat finds no difference")

    def lacking(true: float) -> float:
        return power(true, pilot, repeats, comparisons) - POWER

    most = 1.0
    while lacking(most) < 0:
        most *= 2
    return float(brentq(lacking, 0.0, most))


def assumed_variance(
    y: Floats,
    patient: Codes,
    area: float,
    correlation: float,
    within: float = 0.5,
    draws: int = 100,
) -> float:
    """The variance over patients of a difference of two AUROCs of `area`, on a real test set.

    `y` (N,) are its labels, 0 or 1, and `patient` (N,) its patients, from 0. Scores are binormal
    (Hanley, Med Decis Making 1988); `correlation` is that of the two arms' scores of an image,
    `within` that of one patient's images.
    """
    rng = np.random.default_rng(0)
    patients, shift = int(patient.max()) + 1, np.sqrt(2) * stats.norm.ppf(area)

    def noise() -> Floats:
        of_patient, of_image = rng.standard_normal(patients), rng.standard_normal(len(y))
        return np.sqrt(within) * of_patient[patient] + np.sqrt(1 - within) * of_image

    found = []
    for _ in range(draws):
        shared = noise()
        a, b = (
            np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * noise() + shift * y
            for _ in range(2)
        )
        apart = auroc(y, a, patient, patients)[1] - auroc(y, b, patient, patients)[1]
        found.append(covariance(apart[None])[0, 0])
    return float(np.mean(found))
