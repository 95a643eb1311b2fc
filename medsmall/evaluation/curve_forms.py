"""The forms of learning curves, and how well each curve of a form fits some measured losses.

A loss is what a score lacks to the best one (1 - AUROC), or an error. All forms fall from a loss A
at the smallest size n1; f is the share of A that no number of images removes:

    power law      A (f + (1 - f) (n / n1)^-k)             (Hestness et al., arXiv 1712.00409)
    exponential    A (f + (1 - f) exp(-(n / n1 - 1) / k))
    logarithmic    A (1 - k log(n / n1)), 0 at least
    sigmoid        A (f + (1 - f) (1 + m^-k) / (1 + (n / n1 / m)^k))

The sigmoid is slow at first, as a network is that learns from nothing. Its f is coarser.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, stdtrit

from medsmall.evaluation.influence import Floats

PERFECT = 10.0  # times the largest size, where the steepest logarithmic curve leaves no loss
OFF_CURVE = 0.01  # no score lies quite on a curve: relative deviation of a loss
STRAYS = 0.02  # relative error of a loss for each doubling beyond the largest size
NODES = 21  # of the scale A
NEGLIGIBLE = 1e-5  # weight of a curve beside the best one's


class Points(NamedTuple):
    """Mean losses (m,) at `sizes` (m,), rising, their `covariance` (m, m), and its `freedom`.

    The losses are those of some test patients. What other patients would add to all of them alike
    is no part of the covariance: it would draw the scale A out of the points.
    """

    sizes: Floats
    losses: Floats
    covariance: Floats
    freedom: int

    def first(self, number: int) -> "Points":
        """Those at the smallest sizes."""
        some = slice(number)
        freedom = max(self.freedom * number // len(self.sizes), 1)
        return Points(self.sizes[some], self.losses[some], self.covariance[some, some], freedom)


@dataclass(frozen=True)
class Form:
    """S curves f + (1 - f) falls(n / smallest, *shape), each 1 at the smallest size; f is (S,)."""

    falls: Callable[..., Floats]
    smallest: float
    f: Floats
    shape: tuple[Floats, ...]

    def some(self, which: NDArray[np.bool_]) -> "Form":
        """Some of them."""
        shape = tuple(axis[which] for axis in self.shape)
        return replace(self, f=self.f[which], shape=shape)

    def __call__(self, n: float) -> Floats:
        """All of them at n images: (S,)."""
        return self.f + (1 - self.f) * self.falls(n / self.smallest, *self.shape)


def forms(smallest: float, largest: float) -> list[Form]:
    """The four, as grids for sizes from `smallest` to `largest`."""
    span, f = largest / smallest, np.linspace(0, 1, 21)

    def grid(falls: Callable[..., Floats], *axes: Floats) -> Form:
        share, *shape = (axis.ravel() for axis in np.meshgrid(*axes))
        return Form(falls, smallest, share, tuple(shape))

    return [
        grid(lambda ratio, k: ratio**-k, f, np.geomspace(0.05, 3, 24)),
        grid(lambda ratio, k: np.exp(-(ratio - 1) / k), f, np.geomspace(0.5, 5 * span, 24)),
        grid(
            lambda ratio, k: np.maximum(1 - k * np.log(ratio), 0.0),
            np.zeros(1), np.linspace(0, 1, 41) / np.log(PERFECT * span),
        ),
        grid(
            lambda ratio, k, m: (1 + m**-k) / (1 + (ratio / m) ** k),
            f[::2], np.geomspace(0.5, 4, 8), np.geomspace(1, span, 8),
        ),
    ]  # fmt: skip


@dataclass(frozen=True)
class FittedForm:
    """A form with the `weight` (S,) of each curve, its scale A and the scale's error."""

    form: Form
    weight: Floats
    scale: Floats
    error: Floats
    largest: float
    freedom: int
    evidence: float

    def losses(self, n: float) -> tuple[Floats, Floats]:
        """Possible losses at n images (S * NODES,), and the weight of each."""
        beyond = max(np.log2(n / self.largest), 0.0)
        error = np.hypot(self.error, STRAYS * beyond * self.scale)
        nodes = stdtrit(self.freedom, (np.arange(NODES) + 0.5) / NODES)
        scale = np.maximum(self.scale[:, None] + error[:, None] * nodes, 0.0)
        values = self.form(n)[:, None] * scale
        return values.ravel(), np.repeat(self.weight / NODES, NODES)


def fitted(points: Points, form: Form) -> FittedForm:
    """The weights of the curves of one form, and the evidence for it.

    The scale A has a flat prior and is integrated out, the rest is a grid with equal priors. The
    likelihood is Student's, as the covariance is estimated. The evidence is the logarithm of the
    mean likelihood; `scripts/back_test.py` shows what it is worth.
    """
    y, m = points.losses, len(points.losses)
    inverse = np.linalg.inv(points.covariance + np.diag((OFF_CURVE * y) ** 2))
    curves = np.stack([form(n) for n in points.sizes], axis=1)
    variance = 1 / np.einsum("si,ij,sj->s", curves, inverse, curves)
    scale = variance * (curves @ inverse @ y)
    misfit = y @ inverse @ y - scale**2 / variance
    log = -(points.freedom + m - 1) / 2 * np.log1p(np.maximum(misfit, 0) / points.freedom)
    log = log + np.log(variance) / 2
    evidence = float(logsumexp(log) - np.log(len(log)))
    seen = log > log.max() + np.log(NEGLIGIBLE)  # most curves of the grid are far off
    weight = np.exp(log[seen] - logsumexp(log[seen]))
    return FittedForm(
        form.some(seen), weight, scale[seen], np.sqrt(variance[seen]), float(points.sizes[-1]),
        points.freedom, evidence,
    )  # fmt: skip
