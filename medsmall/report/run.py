"""A finished run, as the report needs it."""

from dataclasses import dataclass, field
from typing import Any

from medsmall.evaluation.influence import Score
from medsmall.record import Record
from medsmall.record.predicted import MEAN, Predicted, score


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        config: dotted keys and plain values: those that can change a result, the options of the
            groups, and what the run is about.
        names, overall, headline: its targets, the metrics of all of them together, their metric.
        identity, predictions: hashes of the test units with their labels, and of the predictions.
        scores: those that were asked for, by metric and target.
    """

    record: Record
    metrics: dict[str, Any] = field(repr=False)
    config: dict[str, Any] = field(repr=False)
    names: list[str]
    overall: list[str]
    headline: str
    identity: str
    predictions: str
    scores: dict[str, Score | None] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """Its number of different training images."""
        return int(self.metrics["n_train"])

    def score(self, metric: str, target: str = MEAN) -> Score | None:
        """See `medsmall.record.predicted.score`."""
        asked = f"{metric} {target}"
        if asked not in self.scores:
            self.scores[asked] = score(Predicted.of(self.record), metric, target)
        return self.scores[asked]
