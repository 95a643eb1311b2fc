"""Learning curves: the loss that a number of training images leaves, and how well it is known.

A loss is what a score lacks to the best one (1 - AUROC), or an error. Three families of curves fall
from a loss A at the smallest size n1, f being the share of A that no number of images removes:

    power law      A (f + (1 - f) (n / n1)^-k)             (Hestness et al., arXiv 1712.00409)
    exponential    A (f + (1 - f) exp(-(n / n1 - 1) / k))
    logarithmic    A (1 - k log(n / n1)), 0 at least

Each curve of a grid of f and k counts by how well it fits the measured losses. So the answer is not
one curve but all that fit, and its band widens where they part. A family counts by its evidence:
the probability that it gives to each loss as foretold from the others before it, one by one (Dawid,
J R Stat Soc A 1984). `docs/statistics.md` says how often the bands held, and what other ways to
combine the families gave (``scripts/back_test.py``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, logsumexp, stdtrit

from medsmall.evaluation.intervals import LEVEL

Array = NDArray[np.float64]

FEWEST, SPAN = 5, 8.0  # sizes, and the largest over the smallest of them
FARTHEST = 3.0  # times the largest size
HIDDEN = 2.0  # a back-test hides the sizes above the largest over this
OFF_CURVE = 0.01  # no score lies quite on a curve: relative deviation of a loss
STRAYS = 0.02  # relative error of a loss for each doubling beyond the largest size
NODES = 21  # of the scale A
STEPS = 241  # of the sizes that are tried for a wished score
ENDS = (0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2)


class Points(NamedTuple):
    """Mean losses (m,) at `sizes` (m,), rising, their `covariance` (m, m), and its `freedom`."""

    sizes: Array
    losses: Array
    covariance: Array
    freedom: int

    def first(self, number: int) -> "Points":
        """Those at the smallest sizes."""
        some = slice(number)
        freedom = max(self.freedom * number // len(self.sizes), 1)
        return Points(self.sizes[some], self.losses[some], self.covariance[some, some], freedom)


@dataclass(frozen=True)
class Family:
    """S curves from 1 at the size `first`: their `falls` at a ratio to it, their f and k (S,)."""

    falls: Callable[[float, Array], Array]
    first: float
    f: Array
    k: Array

    def __call__(self, n: float) -> Array:
        """All of them at n images: (S,)."""
        return self.f + (1 - self.f) * self.falls(n / self.first, self.k)


def families(first: float, largest: float) -> list[Family]:
    """The three, for sizes from `first` to `largest`."""
    f = np.linspace(0, 1, 21)
    power = np.meshgrid(f, np.geomspace(0.05, 3, 24))
    exponential = np.meshgrid(f, np.geomspace(0.5, 5 * largest / first, 24))
    slopes = np.linspace(0, 1, 41) / np.log(largest / first)  # the steepest ends at no loss
    return [
        Family(lambda ratio, k: ratio**-k, first, power[0].ravel(), power[1].ravel()),
        Family(
            lambda ratio, k: np.exp(-(ratio - 1) / k),
            first, exponential[0].ravel(), exponential[1].ravel(),
        ),
        Family(
            lambda ratio, k: np.maximum(1 - k * np.log(ratio), 0.0),
            first, np.zeros_like(slopes), slopes,
        ),
    ]  # fmt: skip


@dataclass(frozen=True)
class Fitted:
    """A family with the `weight` (S,) of each curve, its scale A and the scale's error."""

    family: Family
    weight: Array
    scale: Array
    error: Array
    largest: float
    freedom: int
    evidence: float

    def losses(self, n: float) -> tuple[Array, Array]:
        """Possible losses at n images (S * NODES,), and the weight of each."""
        beyond = max(np.log2(n / self.largest), 0.0)
        error = np.hypot(self.error, STRAYS * beyond * self.scale)
        nodes = stdtrit(self.freedom, (np.arange(NODES) + 0.5) / NODES)
        scale = np.maximum(self.scale[:, None] + error[:, None] * nodes, 0.0)
        values = self.family(n)[:, None] * scale
        return values.ravel(), np.repeat(self.weight / NODES, NODES)


def fitted(points: Points, family: Family) -> Fitted:
    """The weights of the curves of one family.

    The scale A has a flat prior and is integrated out, the rest is a grid with equal priors. The
    likelihood is Student's, as the covariance is estimated.
    """
    y, m = points.losses, len(points.losses)
    inverse = np.linalg.inv(points.covariance + np.diag((OFF_CURVE * y) ** 2))
    curves = np.stack([family(n) for n in points.sizes], axis=1)
    variance = 1 / np.einsum("si,ij,sj->s", curves, inverse, curves)
    scale = variance * (curves @ inverse @ y)
    misfit = y @ inverse @ y - scale**2 / variance
    log = -(points.freedom + m - 1) / 2 * np.log1p(np.maximum(misfit, 0) / points.freedom)
    log = log + np.log(variance) / 2
    total = float(logsumexp(log))
    return Fitted(
        family, np.exp(log - total), scale, np.sqrt(variance), float(points.sizes[-1]),
        points.freedom, total - float(np.log(len(log))),
    )  # fmt: skip


class Foretold(NamedTuple):
    """A loss, or a number of images: its median and the ends of its 95% interval."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class LearningCurve:
    """All families fitted to the same points, with the `weight` of each."""

    points: Points
    fits: list[Fitted]
    weight: Array

    def _losses(self, n: float) -> tuple[Array, Array]:
        values, weights = zip(*(fit.losses(n) for fit in self.fits), strict=True)
        shares = [w * of for w, of in zip(weights, self.weight, strict=True)]
        return np.concatenate(values), np.concatenate(shares)

    def at(self, n: float) -> Foretold:
        """The expected loss of a run with n training images."""
        values, weights = self._losses(n)
        order = np.argsort(values)
        below = np.cumsum(weights[order])
        places = [min(int(np.searchsorted(below, end)), len(order) - 1) for end in ENDS]
        return Foretold(*(float(values[order[place]]) for place in places))

    def needed(self, loss: float) -> Foretold:
        """The images that leave no more than this loss; inf beyond FARTHEST times the largest size.

        The smallest size stands for itself and fewer.
        """
        sizes = np.geomspace(self.points.sizes[0], FARTHEST * self.points.sizes[-1], STEPS)
        reached = []
        for n in sizes:
            values, weights = self._losses(n)
            reached.append(float(weights[values <= loss].sum()))
        rising = np.maximum.accumulate(reached)
        return Foretold(*(self._first(sizes, rising, end) for end in ENDS))

    @staticmethod
    def _first(sizes: Array, rising: Array, end: float) -> float:
        return float(sizes[rising >= end][0]) if rising[-1] >= end else float("inf")


def learning_curve(points: Points, weight: Array | None = None) -> LearningCurve:
    """Fit all families; they count by their evidence, or as `weight` (3,) says."""
    kinds = families(float(points.sizes[0]), float(points.sizes[-1]))
    fits = [fitted(points, family) for family in kinds]
    if weight is None:
        evidence = np.array([fit.evidence for fit in fits])
        weight = np.exp(evidence - logsumexp(evidence))
    return LearningCurve(points, fits, weight)


def shown_first(points: Points) -> int:
    """How many sizes a back-test shows: those up to the largest over HIDDEN, three at least."""
    return max(int((points.sizes <= points.sizes[-1] / HIDDEN).sum()), 3)


def smoothed(sizes: Array, variances: Array, freedom: int) -> Array:
    """Variances of single runs (m,) as a power of the size, from those found, of `freedom` each.

    A variance of five repeats is uncertain by a factor of four; this borrows from other sizes. The
    power lies between -2 and 0: more images scatter less.
    """
    least = max(float(variances.max()) / 1000, 1e-12)  # draws of all images are one and the same
    log = np.log(np.maximum(variances, least)) - digamma(freedom / 2) + np.log(freedom / 2)
    x = np.log(sizes) - np.log(sizes).mean()
    power = np.clip(x @ log / (x @ x), -2.0, 0.0)
    return np.exp(log.mean() + power * x)
