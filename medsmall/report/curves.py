"""The learning curve of every arm that has enough sizes."""

from dataclasses import dataclass

import numpy as np

from medsmall.evaluation.curve_forms import Points
from medsmall.evaluation.influence import Floats, Score, covariance
from medsmall.evaluation.intervals import LEVEL, Interval, of_mean, student
from medsmall.evaluation.learning_curve import (
    FARTHEST,
    FEWEST,
    SPAN,
    BackTest,
    Forecast,
    LearningCurve,
    Z,
    back_test,
    learning_curve,
    nested,
    smoothed,
)
from medsmall.evaluation.scales import LOWER_IS_BETTER, loss_of, lowest, scaled, slope, unscaled
from medsmall.report.arms import ALONG, Study
from medsmall.report.cells import Arm, Cell, grid


@dataclass(frozen=True)
class ArmCurve:
    """An arm's learning curve, in scores and in labelled images (training and validation).

    The `curve` is of these test patients; `scatter` is the variance that other patients add, on the
    scale of `medsmall.evaluation.intervals` (logit, or log of errors).
    """

    arm: Arm
    cells: list[Cell]
    curve: LearningCurve
    tested: BackTest
    metric: str
    scatter: float

    def score(self, n: float) -> Forecast:
        """The expected score of a run with n training images, of other patients like these."""
        here = self.as_score(self.curve.at(n))
        apart, middle = self._over_patients(here.median), scaled(here.median, self.metric)

        def beyond(*ends: float) -> float:
            return float(np.linalg.norm([scaled(end, self.metric) - middle for end in ends]))

        sign = 1 if scaled(apart.high, self.metric) > scaled(apart.low, self.metric) else -1
        low = middle - sign * beyond(here.low, apart.low)
        high = middle + sign * beyond(here.high, apart.high)
        return Forecast(here.median, unscaled(low, self.metric), unscaled(high, self.metric))

    def as_score(self, loss: Forecast) -> Forecast:
        """A loss that is forecast, as a score of these patients."""
        if self.metric in LOWER_IS_BETTER:
            return loss
        least = -np.inf if (low := lowest(self.metric)) is None else low
        ends = (1 - loss.median, 1 - loss.high, 1 - loss.low)
        return Forecast(*(max(end, least) for end in ends))

    def needed(self, score: float) -> Forecast:
        """The labelled images that reach a score, of other patients like these; inf: too many."""
        apart = self._over_patients(score)
        return self.images(loss_of(score, self.metric), (apart.high - apart.low) / (2 * Z))

    def images(self, loss: float, error: float) -> Forecast:
        """The labelled images that reach a loss with a standard error; inf beyond `farthest`."""
        found = self.curve.needed(loss, error)
        return Forecast(*(self.labels(n if n <= self.farthest else np.inf) for n in found))

    def _over_patients(self, score: float) -> Interval:
        """The interval of a score by the test patients alone."""
        some = next(iter(self.cells[-1].scores.values()))
        patients = min(cell.found.patients for cell in self.cells if cell.found)
        whole = Score(score, np.zeros(1), patients, some.chance)
        tested = self.scatter * slope(score, self.metric) ** 2
        found = of_mean(self.metric, whole, tested, 0.0, 0)
        assert found is not None
        return found

    @property
    def farthest(self) -> float:
        """The training images up to which the curve goes; the largest size if the test failed."""
        return (FARTHEST if self.tested.held else 1.0) * self.cells[-1].size

    def labels(self, n: float) -> float:
        """The labelled images of a run with n training images: in a straight line between runs."""
        if np.isinf(n):
            return n
        sizes = [cell.size for cell in self.cells]
        labels = np.maximum.accumulate([cell.labels for cell in self.cells])
        if n > sizes[-1]:
            per_image = max((labels[-1] - labels[-2]) / (sizes[-1] - sizes[-2]), 1.0)
            return float(labels[-1] + per_image * (n - sizes[-1]))
        return float(np.interp(n, sizes, labels))


def curves_of(study: Study, cells: list[Cell], metric: str) -> tuple[list[ArmCurve], list[str]]:
    """A curve of each arm, and a sentence for each that has none."""
    found, left_out = [], []
    for arm in study.arms:
        usable = _usable(arm, cells)
        if reason := why_none(study, usable, metric):
            left_out.append(f"{study.name(arm)}: {reason}")
            continue
        found.append(curve_of(arm, usable, metric))
    return found, left_out


def _usable(arm: Arm, cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.arm == arm and cell.found and cell.repeats > 1]


def why_none(study: Study, cells: list[Cell], metric: str) -> str:
    """Why there is no learning curve of an arm's `cells`; "" if there is one."""
    if study.is_kfold:
        return "folds have no learning curve: take split=stratified and repeats"
    if study.same_draws:
        return "all repeats have one draw: vary sample_size.repeat"
    if study.along not in ALONG:
        return f"{study.along} is no number of images"
    if metric == "mean_error":
        return "a mean error has no learning curve: take metric=mae"
    if reasons := [cell.reason for cell in cells if cell.reason]:
        return f"no score has an interval where {reasons[0]}"
    if ends := [cell.size for cell in cells if slope(cell.mean, metric) <= 0]:
        return f"its score is at an end of the scale with {ends[0]:,} training images"
    if any(grid(cell.scores)[0] for cell in cells):
        return "draws crossed with seeds have no learning curve: give each draw one seed"
    sizes = [cell.size for cell in cells]
    span = sizes[-1] / sizes[0] if sizes else 0
    if len(sizes) < FEWEST or span < SPAN:
        there = ", ".join(f"{size:,}" for size in sizes) or "none"
        return (
            f"a learning curve needs {FEWEST} sizes of two repeats or more, the largest "
            f"{SPAN:.0f} times the smallest; there are {there}"
        )
    return ""


def curve_of(arm: Arm, cells: list[Cell], metric: str) -> ArmCurve:
    """Fit the curve of `cells`, for these test patients, and see how much others would add."""
    found = [cell.found for cell in cells if cell.found]
    sizes = np.array([cell.size for cell in cells], dtype=float)
    freedom = np.array([of.freedom for of in found])
    single = smoothed(sizes, np.array([of.single for of in found]), freedom)
    influences = np.stack([_mean_influence(cell) for cell in cells])
    points = Points(
        sizes,
        np.array([loss_of(cell.mean, metric) for cell in cells]),
        nested(sizes, single, [{*cell.scores} for cell in cells])
        + covariance(influences - influences.mean(0)),
        int(freedom.sum()),
    )
    scatter = [of.tested / slope(of.value, metric) ** 2 for of in found]
    return ArmCurve(
        arm, cells, learning_curve(points), back_test(points), metric, float(np.mean(scatter))
    )


def equal_to(cell: Cell, other: ArmCurve) -> Forecast:
    """The labelled images with which the `other` arm scores as `cell` does.

    The test patients are the same, so only what moves the difference of both is uncertain: how
    patients suit one arm and not the other, and the scatter of the cell, with its own freedom.
    """
    nearest = min(other.cells, key=lambda one: abs(one.mean - cell.mean))
    apart = _mean_influence(nearest) - _mean_influence(cell)
    squared = float(covariance(apart[None])[0, 0])
    if cell.found:
        squared += cell.found.drawn * (student(LEVEL, cell.found.freedom) / Z) ** 2
    return other.images(loss_of(cell.mean, other.metric), float(np.sqrt(squared)))


def _mean_influence(cell: Cell) -> Floats:
    return np.mean([one.influence for one in cell.scores.values()], axis=0)
