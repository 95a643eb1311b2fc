"""The penalty of a linear head, chosen by cross-validation among the train images.

Neither validation nor test images have a say. Patients stay whole: two images of one patient on
both sides would favour weak penalties.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsmall.errors import MedsmallError
from medsmall.learner.heads.examples import Examples
from medsmall.learner.heads.folds import patient_folds, too_few
from medsmall.learner.heads.linear import Linear
from medsmall.learner.heads.paths import Path, Solve
from medsmall.terminal import say

Array = NDArray[np.float64]
# from a smooth head to a free one, finer where heads differ; weaker penalties than the last are now
# and then chosen from 20 images, and are then worse (the log loss on Kermany's films rises by .016)
GRID = tuple(10.0**power for power in (-3, -2, -1, -0.5, 0, 0.5, 1, 1.5, 2))
LEAST, MOST = 1e-8, 1e8  # beyond: no head at all, or a solver that does not end


@dataclass(frozen=True)
class Solver:
    """How a linear head is solved.

    Attributes:
        solve: features (M, F), labels (M, K) and an inverse penalty to a head.
        path: the same for several penalties, strong ones first.
        loss: the losses (N,) of outputs (N, K), by labels (N, K), none unknown.
        usual: the inverse penalty that is kept unless the data tell otherwise.
    """

    solve: Solve
    path: Path
    loss: Callable[[Array, Array], Array]
    usual: float


@dataclass(frozen=True)
class Chosen:
    """A penalty.

    Attributes:
        inverse_penalty: of the head.
        folds: how many it was chosen by; 0: none.
        held_out: outputs (N, K) of heads with it that never saw the image; NaN where there is none.
    """

    inverse_penalty: float
    folds: int
    held_out: Array


def check_penalty(inverse_penalty: float | None) -> None:
    """MedsmallError unless it is a penalty, or null."""
    c = inverse_penalty
    if c is not None and not LEAST <= c <= MOST:
        raise MedsmallError(
            f"learner.inverse_penalty must lie in [{LEAST:g}, {MOST:g}], but is {c:g}: null "
            "chooses it by cross-validation."
        )


def solved(of: Examples, solver: Solver, inverse_penalty: float) -> Linear:
    """The head of all rows; an image counts once, however many views it has."""
    return solver.solve(*of.rows, inverse_penalty / of.views)


def chosen(of: Examples, solver: Solver, given: float | None) -> Chosen:
    """The penalty that serves held-out patients best, or the `given` one.

    Of those that serve as well (`preferred`) the one next to the usual, which is taken, and told,
    where patients are too few.
    """
    penalties = GRID if given is None else (given,)
    folds = patient_folds(of.patients, of.classes)
    if not folds:
        if given is None:
            say(too_few(of.name, f"learner.inverse_penalty={solver.usual:g}"))
        return Chosen(given or solver.usual, 0, np.full(of.labels.shape, np.nan))
    turned = of.rotated()
    held_out = np.full((len(penalties), *of.labels.shape), np.nan)
    for train, out in folds:
        path = solver.path(*turned.at(train).rows, [c / of.views for c in penalties])
        for number, head in enumerate(path):
            held_out[number, out] = head.outputs(turned.plain[out])
    seen = ~np.isnan(held_out[0, :, 0])
    losses = np.array([solver.loss(outputs[seen], of.labels[seen]) for outputs in held_out])
    losses = losses * of.weights[seen]
    steps = np.abs(np.log(np.array(penalties) / solver.usual)).round(6)
    best = preferred(losses, of.patients[seen], np.argsort(steps, kind="stable").tolist())
    return Chosen(penalties[best], len(folds), held_out[best])


def preferred(losses: Array, patients: NDArray[np.int64], order: Sequence[int]) -> int:
    """Which of P choices to take by the `losses` (P, N) of N images of the `patients` (N,).

    The first in the `order` whose mean is within one standard error of the least one. The error is
    that of the difference, between patients, as images of one resemble each other. After the rule
    of Breiman et al. (CART, 1984). The plain minimum among 20 images is mostly luck: it made the
    log loss on dermoscopies .03 worse than the usual choice.
    """
    excess = losses - losses[np.argmin(losses.mean(1))]
    apart = excess - excess.mean(1, keepdims=True)
    sums = np.array([np.bincount(patients, weights=one) for one in apart])
    error = np.sqrt((sums**2).sum(1)) / losses.shape[1]
    near = excess.mean(1) <= error  # the least one itself, at the least
    return next(choice for choice in order if near[choice])


def solve_penalised(
    of: Examples, solver: Solver, given: float | None
) -> tuple[Linear, dict[str, float]]:
    """The head with the `given` penalty, or one that is chosen, and the facts of the choice."""
    c, folds = given, 0
    if c is None:
        choice = chosen(of, solver, None)
        c, folds = choice.inverse_penalty, choice.folds
    return solved(of, solver, c), {"inverse_penalty": c, "folds": folds}


def log_loss(logits: Array, labels: Array) -> Array:
    """Of each image (N,): for a finding (N, 1), or for exclusive classes (N, K)."""
    from scipy.special import log_softmax

    if labels.shape[1] == 1:
        return (np.logaddexp(0, logits) - labels * logits)[:, 0]
    each: Array = -(labels * log_softmax(logits, axis=1)).sum(1)
    return each


def squared_error(outputs: Array, labels: Array) -> Array:
    """Of each image (N,), for numbers (N, 1)."""
    return ((outputs - labels) ** 2)[:, 0]
