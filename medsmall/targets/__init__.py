"""The targets of a run: what the labels hold, what a network's outputs mean, how both are scored.

One file per kind. An object of it stands for K label columns that are learnt together, and so for
K outputs; what training, scoring and showing have to know of the kind is asked of it.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from torch import Tensor

from medsmall.evaluation.threshold import Threshold
from medsmall.targets.classes import Classes
from medsmall.targets.findings import Findings
from medsmall.targets.quantities import Quantities
from medsmall.task import Task

__all__ = ["Classes", "Findings", "Quantities", "Targets", "targets_of"]


class Targets(Protocol):
    """K targets of one kind.

    Attributes:
        names: the label columns, in the order of the outputs.
        task: their kind, as records and messages name it.
        loss: the option of conf/loss that suits where nothing speaks for another.
        prefix: of the columns of predictions: ``prob_Hernia``, ``pred_boneage``.
        headline: the metric that validation follows, a key of ``evaluate(...)["mean"]``.
        rises: whether larger values of it are better.
        headings: metric of a target -> heading, of the table that people see.
        counts: likewise of the counts beside it.
        overall: likewise of the metrics of all targets together, shown beside ``majority``.
        too_few: what is said where validation cannot choose, see `can_choose`.
    """

    loss: ClassVar[str]
    prefix: ClassVar[str]
    headline: ClassVar[str]
    rises: ClassVar[bool]
    headings: ClassVar[dict[str, str]]
    counts: ClassVar[dict[str, str]]
    overall: ClassVar[dict[str, str]]
    too_few: ClassVar[str]

    @property
    def names(self) -> list[str]:
        """The label columns."""

    @property
    def task(self) -> Task:
        """Their kind."""

    def moments(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Offset and scale (1, K) that the train `labels` (N, K), NaN unknown, are learnt with.

        The network learns (label - offset) / scale; 0 and 1 leave labels as they are.
        """

    def activate(self, outputs: Tensor) -> Tensor:
        """Predictions on the scale of learning, of outputs (N, K): probabilities, or the values."""

    def per_unit(
        self, y: np.ndarray, predicted: np.ndarray, units: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Labels and predictions (M, K), one row for each of the M different `units` (N,)."""

    def can_choose(self, labels: np.ndarray) -> bool:
        """Whether validation `labels` (N, K) are enough to choose an epoch by."""

    def thresholds(
        self, y: np.ndarray, predicted: np.ndarray, prevalence: np.ndarray
    ) -> dict[str, Threshold | None]:
        """For each target that needs one: chosen on validation, or the `prevalence` (K,).

        None where neither is possible. `prevalence` is the share of positives in training, NaN
        where nothing was known.
        """

    def decide(
        self, y: np.ndarray, predicted: np.ndarray, thresholds: dict[str, float | None]
    ) -> dict[str, np.ndarray]:
        """What each of (N, K) is taken for, where that is one answer: columns of predictions.csv.

        ``predicted``, and ``correct``, None where the label is unknown. {} for several findings,
        for numbers, and without a threshold where one is needed.
        """

    def evaluate(
        self, y: np.ndarray, predicted: np.ndarray, thresholds: dict[str, float | None]
    ) -> dict[str, Any]:
        """All metrics of (N, K), ready for JSON; see `medsmall.evaluation`."""

    def learnt_from(self, train: np.ndarray) -> dict[str, dict[str, int]]:
        """By target, what the train labels (M, K) held of it, for the record."""

    def mean(self, by_target: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """The mean metrics over the targets that could be learnt, of values with `learnt_from`."""

    def notes(self, test: dict[str, Any]) -> list[str]:
        """What a reader of the test metrics has to know, one sentence each."""

    def validation(
        self, y: np.ndarray, predicted: np.ndarray, scale: np.ndarray
    ) -> dict[str, float | None]:
        """``loss``, unweighted and on the scale of learning, and the headline metric."""


KINDS: dict[Task, type[Findings] | type[Classes] | type[Quantities]] = {
    Task.BINARY: Findings,
    Task.MULTILABEL: Findings,
    Task.MULTICLASS: Classes,
    Task.REGRESSION: Quantities,
}


def targets_of(names: Sequence[str], task: Task) -> Targets:
    """The targets of a data set, whose columns are `names` and whose kind is `task`."""
    return KINDS[task](list(names), task)
