"""What a grid can tell: widths of intervals and detectable differences, before any run."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from medsmall.evaluation.intervals import LEVEL, student
from medsmall.evaluation.power import Pilot, assumed_variance, detectable
from medsmall.evaluation.threshold import FEW
from medsmall.task import Task

MOST = 0.5  # an AUROC lies that far from chance
DRAWS = 20  # of scores on the test set, to simulate a variance


class Assumed(NamedTuple):
    """What is assumed of two arms: their AUROC, the correlation of their scores, their scatter.

    `scatter` times 1/sqrt(train images) is the standard deviation of a difference over repeats.
    """

    auroc: float
    correlation: float
    scatter: float


EASY, HARD = Assumed(0.95, 0.8, 0.2), Assumed(0.80, 0.5, 0.6)


class TestSet(NamedTuple):
    """The test images of a target: labels (N,), 0 or 1, and patients (N,), from 0."""

    target: str
    y: np.ndarray
    patient: np.ndarray

    @property
    def rarer(self) -> int:
        """The patients of the rarer class."""
        return min(len(set(self.patient[self.y == label])) for label in (0, 1))


class Width(NamedTuple):
    """Half the width of an interval of one arm, or a difference: from the easy to the hard case."""

    low: float
    high: float

    def __str__(self) -> str:
        if self.low >= MOST:
            return "more than there can be"
        high = f"{self.high:.3f}" if self.high < MOST else "more than there can be"
        return f"{self.low:.3f} to {high}"


def test_set(task: Task, targets: Sequence[str], draw: object) -> TestSet | None:
    """Of the target with the fewest test patients of one class; None for numbers."""
    import pandas as pd

    assert isinstance(draw, pd.DataFrame)
    if task is Task.REGRESSION:
        return None
    test = draw.loc[draw["part"] == "test"]
    found = []
    for target in targets:
        y = test[target].to_numpy(dtype=float)
        known = ~np.isnan(y)
        patient = np.unique(test["patient"][known], return_inverse=True)[1]
        found.append(TestSet(target, y[known], patient))
    return min(found, key=lambda one: one.rarer)


class Tested:
    """The variances over the test patients, simulated once for all sizes."""

    def __init__(self, of: TestSet) -> None:
        self.of = of
        self.easy, self.hard = (
            assumed_variance(of.y, of.patient, a.auroc, a.correlation, draws=DRAWS)
            for a in (EASY, HARD)
        )
        self.alone = [
            assumed_variance(of.y, of.patient, a.auroc, 0.0, draws=DRAWS) / 2 for a in (EASY, HARD)
        ]

    def width(self, n: int, repeats: int) -> Width:
        """Half the 95% interval of one arm's AUROC with `n` train images.

        As `medsmall.evaluation.intervals.of_mean` has it; one repeat shows no scatter.
        """
        t_patients = student(LEVEL, self.of.rarer - 1)
        t = student(LEVEL, repeats - 1) if repeats > 1 else 0.0
        each = zip((EASY, HARD), self.alone, strict=True)
        return Width(*(
            float(np.sqrt(t**2 * _drawn(a, n) / 2 / repeats + t_patients**2 * tested))
            for a, tested in each
        ))  # fmt: skip

    def difference(self, n: int, repeats: int, comparisons: int) -> Width:
        """The smallest true difference of two arms that is found in four sweeps of five."""
        return Width(*(
            detectable(Pilot(_drawn(a, n), tested, self.of.rarer), repeats, comparisons)
            for a, tested in ((EASY, self.easy), (HARD, self.hard))
        ))  # fmt: skip


def _drawn(of: Assumed, n: int) -> float:
    return of.scatter**2 / n


def sentences(
    of: TestSet | None, sizes: Sequence[int], repeats: int, comparisons: int, folds: bool
) -> Iterator[str]:
    """What the test set allows, per size; or why that is not known beforehand."""
    if of is None:
        yield (
            "What it can tell is not known beforehand: it depends on the errors of the networks. "
            "Run two repeats, then python -m medsmall.report plan=5,10."
        )
        return
    if folds:
        yield (
            "With split.fold=0,1,2,3,4 each image is tested once: what that can tell is known "
            "after the first runs. One fold alone gives no verdict."
        )
        return
    if of.rarer < FEW:
        yield (
            f"{of.target}: {of.rarer} test patients of the rarer class are fewer than {FEW}, so no "
            "verdict is possible: take split=kfold split.fold=0,1,2,3,4, or a larger test part, "
            "such as split=stratified split.train=0.5 split.val=0.1 split.test=0.4."
        )
        return
    tested = Tested(of)
    family = f", as one of {comparisons} comparisons" if comparisons > 1 else ""
    yield (
        f"What it can tell about {of.target} (AUROC), with {of.rarer:,} test patients of the rarer "
        "class:"
    )
    for n in sizes:
        line = f"  {n:,} train images: one arm to ± {tested.width(n, repeats)}"
        if repeats > 1:
            found = tested.difference(n, repeats, comparisons)
            line += f"; a true difference of two arms above {found}"
        yield line
    if repeats == 1:
        yield (
            "  Without the scatter of draws, which one repeat does not show. It compares no two "
            "arms, either: add sample_size.repeat=0,1,2,3,4."
        )
    else:
        yield (
            f"  The differences are found in four sweeps of five, with {repeats} repeats{family}. "
            f"With {2 * repeats} repeats at {sizes[-1]:,} images: above "
            f"{tested.difference(sizes[-1], 2 * repeats, comparisons)}."
        )
    yield (
        f"  Assumed, from easy to hard: AUROC {EASY.auroc:g} to {HARD.auroc:g}, scores of two arms "
        f"correlated by {EASY.correlation:g} to {HARD.correlation:g}, a difference that scatters "
        f"over repeats by {EASY.scatter:g} to {HARD.scatter:g} / sqrt(train images). After some "
        "runs, python -m medsmall.report plan=5,10 says it from them."
    )
