"""The learning curve of every arm that has enough sizes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from medsmall.evaluation.influence import covariance
from medsmall.evaluation.learning_curve import (
    FARTHEST,
    FEWEST,
    SPAN,
    Array,
    Foretold,
    LearningCurve,
    Points,
    learning_curve,
    shown_first,
    smoothed,
)
from medsmall.record.predicted import LOWER_IS_BETTER
from medsmall.report.arms import Study
from medsmall.report.cells import Arm, Cell


@dataclass(frozen=True)
class BackTest:
    """The largest size as foretold from sizes up to `shown`, and as measured; whether it held."""

    shown: int
    size: int
    foretold: Foretold
    measured: float
    held: bool


@dataclass(frozen=True)
class ArmCurve:
    """An arm's learning curve, in scores and in labelled images (training and validation)."""

    arm: Arm
    cells: list[Cell]
    curve: LearningCurve
    rises: bool  # whether a higher score is better

    def score(self, n: float) -> Foretold:
        """The expected score of a run with n training images."""
        return self.as_score(self.curve.at(n))

    def as_score(self, loss: Foretold) -> Foretold:
        """A foretold loss as a score."""
        if not self.rises:
            return loss
        return Foretold(1 - loss.median, 1 - loss.high, 1 - loss.low)

    def needed(self, score: float) -> Foretold:
        """The labelled images that reach a score; inf beyond `farthest`."""
        images = self.curve.needed(1 - score if self.rises else score)
        return Foretold(*(self.labels(n) for n in images))

    @property
    def farthest(self) -> float:
        """The training images up to which the curve goes."""
        return FARTHEST * self.cells[-1].size

    @cached_property
    def tested(self) -> BackTest:
        """The back-test; it held if the measured mean, with its error, reaches into the band."""
        points, last = self.curve.points, self.cells[-1]
        number = shown_first(points)
        told = self.as_score(learning_curve(points.first(number)).at(last.size))
        error = 2 * float(np.sqrt(points.covariance[-1, -1]))
        held = told.low - error <= last.mean <= told.high + error
        return BackTest(self.cells[number - 1].size, last.size, told, last.mean, held)

    def labels(self, n: float) -> float:
        """The labelled images of a run with n training images: in a straight line between runs."""
        if np.isinf(n):
            return n
        sizes = [cell.size for cell in self.cells]
        labels = [cell.labels for cell in self.cells]
        if n > sizes[-1]:
            slope = (labels[-1] - labels[-2]) / (sizes[-1] - sizes[-2])
            return labels[-1] + slope * (n - sizes[-1])
        return float(np.interp(n, sizes, labels))


def curves_of(study: Study, cells: list[Cell], metric: str) -> tuple[list[ArmCurve], list[str]]:
    """A curve of each arm, and a sentence for each that has none."""
    found, left_out = [], []
    for arm in study.arms:
        usable = _usable(arm, cells)
        if reason := why_none(study, usable, metric):
            left_out.append(f"{study.name(arm)}: {reason}")
            continue
        found.append(_fitted(arm, usable, metric))
    return found, left_out


def _usable(arm: Arm, cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.arm == arm and cell.found and cell.repeats > 1]


def why_none(study: Study, cells: list[Cell], metric: str) -> str:
    """Why there is no learning curve of an arm's `cells`; "" if there is one."""
    if study.is_kfold:
        return "folds have no learning curve: take split=stratified and repeats"
    if metric == "mean_error":
        return "a mean error has no learning curve: take metric=mae"
    sizes = [cell.size for cell in cells]
    span = sizes[-1] / sizes[0] if sizes else 0
    if len(sizes) < FEWEST or span < SPAN:
        there = ", ".join(f"{size:,}" for size in sizes) or "none"
        return (
            f"a learning curve needs {FEWEST} sizes of two repeats or more, the largest "
            f"{SPAN:.0f} times the smallest; there are {there}"
        )
    return ""


def _fitted(arm: Arm, cells: list[Cell], metric: str, other: Cell | None = None) -> ArmCurve:
    """The curve of `cells`; with an error for the score of an `other` cell that it is held to."""
    rises = metric not in LOWER_IS_BETTER
    sizes = np.array([cell.size for cell in cells], dtype=float)
    means = np.array([cell.mean for cell in cells])
    repeats = np.array([cell.repeats for cell in cells])
    drawn = np.array([cell.found.drawn * cell.repeats for cell in cells if cell.found])
    influences = np.stack([_mean_influence(cell) for cell in cells])
    by_draw = smoothed(sizes, drawn, max(int(repeats.min()) - 1, 1))
    among = np.diag(by_draw / repeats)
    if other is not None and other.found:
        influences = influences - _mean_influence(other)
        among = among + other.found.drawn
    points = Points(
        sizes, 1 - means if rises else means, among + covariance(influences),
        int((repeats - 1).sum()),
    )  # fmt: skip
    return ArmCurve(arm, cells, learning_curve(points), rises)


def _mean_influence(cell: Cell) -> Array:
    return np.mean([one.influence for one in cell.scores.values()], axis=0)


def equal_to(cell: Cell, other: ArmCurve, metric: str) -> Foretold:
    """The labelled images with which the `other` arm scores as `cell` does.

    The test patients are the same, so only what moves their difference is uncertain.
    """
    return _fitted(other.arm, other.cells, metric, cell).needed(cell.mean)
