"""Learning curves: the loss that a number of training images leaves, and how well it is known.

Each curve of a form (`curve_forms`) counts by how well it fits the measured losses, and each form
by the fourth root of the evidence for it. So the answer is not one curve but all that fit, and its
band widens where they part. The root lets forms that hardly fit drop out, but does not choose among
those that fit, as five sizes cannot: in back-tests the whole evidence was too sure of its choice
(``scripts/back_test.py``; `docs/statistics.md` has the table).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import digamma, logsumexp, ndtr, polygamma

from medsmall.evaluation.curve_forms import FittedForm, Points, fitted, forms
from medsmall.evaluation.influence import Floats
from medsmall.evaluation.intervals import LEVEL

FEWEST, SPAN = 5, 8.0  # sizes, and the largest over the smallest of them
FARTHEST = 3.0  # times the largest size
HIDDEN = 2.0  # a back-test hides the sizes above the largest over this
ROOT = 1 / 4
Z = 1.96  # standard errors in half an interval
STEPS = 241  # of the sizes that are tried for a wished score
QUANTILES = (0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2)


class Forecast(NamedTuple):
    """A loss, or a number of images: its median and the ends of its 95% interval."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class LearningCurve:
    """All forms fitted to the same points, with the `weight` of each."""

    points: Points
    fits: list[FittedForm]
    weight: Floats

    def at(self, n: float) -> Forecast:
        """The expected loss of a run with n training images."""
        values, weights = self._losses(n)
        order = np.argsort(values)
        below = np.cumsum(weights[order])
        places = [min(int(np.searchsorted(below, end)), len(order) - 1) for end in QUANTILES]
        return Forecast(*(float(values[order[place]]) for place in places))

    def needed(self, loss: float, error: float) -> Forecast:
        """The images that leave no more than this loss, which has a standard `error`.

        inf is beyond FARTHEST times the largest size; the smallest size stands for fewer, too.
        """
        sizes = np.geomspace(self.points.sizes[0], FARTHEST * self.points.sizes[-1], STEPS)
        reached = np.maximum.accumulate([self._reached(loss, error, n) for n in sizes])
        firsts = [sizes[reached >= end][:1] for end in QUANTILES]
        return Forecast(*(float(first[0]) if len(first) else float("inf") for first in firsts))

    def _reached(self, loss: float, error: float, n: float) -> float:
        values, weights = self._losses(n)
        below = ndtr((loss - values) / error) if error else values <= loss
        return float(weights @ below)

    def _losses(self, n: float) -> tuple[Floats, Floats]:
        values, weights = zip(*(fit.losses(n) for fit in self.fits), strict=True)
        shares = [w * of for w, of in zip(weights, self.weight, strict=True)]
        return np.concatenate(values), np.concatenate(shares)


def learning_curve(points: Points, weight: Floats | None = None) -> LearningCurve:
    """Fit all forms; they count by the root of their evidence, or as `weight` (4,) says."""
    all_forms = forms(float(points.sizes[0]), float(points.sizes[-1]))
    fits = [fitted(points, form) for form in all_forms]
    return LearningCurve(points, fits, by_evidence(fits, ROOT) if weight is None else weight)


def by_evidence(fits: list[FittedForm], power: float) -> Floats:
    """Weights of forms, by a power of the evidence for each; 0: all alike."""
    log = power * np.array([fit.evidence for fit in fits])
    return np.exp(log - logsumexp(log))


class BackTest(NamedTuple):
    """The largest size as forecast from the `shown` smallest; whether the measured loss fits it.

    The range of the forecast is that of a measured loss, with its own error.
    """

    shown: int
    forecast: Forecast
    held: bool


def back_test(points: Points) -> BackTest:
    """Hide the sizes above half the largest, three at least being shown, and forecast the largest.

    It held if the measured loss lies in the range. Both are scored on the same test patients.
    """
    shown = max(int((points.sizes <= points.sizes[-1] / HIDDEN).sum()), 3)
    told = learning_curve(points.first(shown)).at(float(points.sizes[-1]))
    measured, error = float(points.losses[-1]), Z * float(np.sqrt(points.covariance[-1, -1]))
    low = max(told.median - float(np.hypot(told.median - told.low, error)), 0.0)
    high = told.median + float(np.hypot(told.high - told.median, error))
    return BackTest(shown, Forecast(told.median, low, high), low <= measured <= high)


def smoothed(sizes: Floats, variances: Floats, freedom: Floats) -> Floats:
    """Variances of single runs (m,) as a power of the size, from those found with a `freedom` (m,).

    A variance of five repeats is uncertain by a factor of four; this borrows from other sizes. The
    power lies between -2 and 0: more images scatter less.
    """
    least = max(float(variances.max()) / 1000, 1e-12)  # draws of all images are one and the same
    log = np.log(np.maximum(variances, least))
    log = log - digamma(freedom / 2) + np.log(freedom / 2)  # an estimate's log is too low by this
    weight = 1 / polygamma(1, freedom / 2)
    middle = np.average(np.log(sizes), weights=weight)
    x = np.log(sizes) - middle
    power = np.clip((weight * x) @ log / ((weight * x) @ x), -2.0, 0.0)
    return np.exp(np.average(log, weights=weight) + power * x)


def nested(sizes: Floats, variances: Floats, repeats: list[set[str]]) -> Floats:
    """The covariance (m, m) of means over `repeats` of runs with `variances` (m,) at `sizes`.

    The smaller draw of a repeat is a part of its larger one. Their scores go together as means over
    nested samples do, with a correlation of the root of the ratio of sizes.
    """
    deviations = np.sqrt(variances)
    alike = np.sqrt(np.minimum.outer(sizes, sizes) / np.maximum.outer(sizes, sizes))
    common = np.array([[len(a & b) / (len(a) * len(b)) for b in repeats] for a in repeats])
    return np.outer(deviations, deviations) * alike * common
