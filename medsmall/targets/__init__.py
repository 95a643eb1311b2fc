"""The targets of a run: the meaning of labels and outputs, and their scores.

One file per kind. An object stands for K label columns that are learnt together, and so for K
outputs; training, scoring and display get everything about the kind from it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from medsmall.evaluation.prior_shift import Shares
from medsmall.evaluation.threshold import Chosen
from medsmall.targets.classes import Classes
from medsmall.targets.findings import Findings
from medsmall.targets.quantities import Quantities
from medsmall.task import Task
from medsmall.threshold import Threshold

if TYPE_CHECKING:  # seconds to import
    from torch import Tensor

__all__ = ["Classes", "Findings", "Quantities", "Targets", "targets_of"]


class Targets(Protocol):
    """K targets of one kind.

    Attributes:
        names: the label columns, in the order of the outputs.
        task: their kind, as records and messages name it.
        loss: the default option of conf/loss.
        prefix: of the columns of predictions: ``prob_Hernia``, ``pred_boneage``.
        headline: the metric that validation follows, a key of ``evaluate(...)["mean"]``.
        rises: whether larger values of it are better.
        headings: metric of a target -> heading in the summary table.
        counts: the same for the counts beside it.
        overall: the same for the metrics of all targets together, shown beside ``majority``.
        too_few: the notice if validation cannot choose, see `can_choose`.
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

    def moments(self, labels: "Tensor") -> "tuple[Tensor, Tensor]":
        """Offset and scale (1, K) that the train `labels` (N, K), NaN unknown, are learnt with.

        The network learns (label - offset) / scale; 0 and 1 leave labels as they are.
        """

    def activate(self, outputs: "Tensor") -> "Tensor":
        """Predictions on the scale of learning, of outputs (N, K): probabilities, or the values."""

    def per_unit(
        self, y: np.ndarray, predicted: np.ndarray, units: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Labels and predictions (M, K), one row for each of the M different `units` (N,)."""

    def can_choose(self, labels: np.ndarray) -> bool:
        """Whether validation `labels` (N, K) are enough to choose an epoch by."""

    def thresholds(
        self, y: np.ndarray, predicted: np.ndarray, threshold: Threshold, shares: Shares
    ) -> dict[str, Chosen | None]:
        """For each target that needs one: chosen on validation, or the share in the fit.

        None where neither is possible.
        """

    def corrected(self, predicted: np.ndarray, shares: Shares) -> np.ndarray | None:
        """Predictions (N, K) for the population; None where they are for it as they are."""

    def decide(
        self, y: np.ndarray, predicted: np.ndarray, thresholds: dict[str, float | None]
    ) -> dict[str, np.ndarray]:
        """The predicted class of each row of (N, K), as columns of predictions.csv.

        ``predicted``, and ``correct``, None if the label is unknown. {} for several findings, for
        numbers, and if a needed threshold is missing.
        """

    def evaluate(
        self, y: np.ndarray, predicted: np.ndarray, thresholds: dict[str, float | None]
    ) -> dict[str, Any]:
        """All metrics of (N, K), ready for JSON; see `medsmall.evaluation`."""

    def learnt_from(self, train: np.ndarray) -> dict[str, dict[str, int]]:
        """The counts of the train labels (M, K) by target, for the record."""

    def mean(self, by_target: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """The mean metrics over the targets that could be learnt, of values with `learnt_from`."""

    def notes(self, test: dict[str, Any]) -> list[str]:
        """Notes for readers of the test metrics, one sentence each."""

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
    """The targets of a data set with columns `names` and kind `task`."""
    return KINDS[task](list(names), task)
