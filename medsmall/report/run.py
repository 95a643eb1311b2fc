"""A finished run, as the report needs it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hydra.utils import get_object

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

    @cached_property
    def release(self) -> Any:
        """The class of a data set that medsmall knows; None for a data set of one's own."""
        target = str(self.config.get("dataset._target_", ""))
        try:
            found = get_object(target) if target.startswith("medsmall.dataset.") else None
        except Exception:  # of Hydra, where the class is not there any more
            return None
        return found if getattr(found, "citation", None) or getattr(found, "url", None) else None

    @cached_property
    def people(self) -> str:
        """Whose images its test holds: those of "patients", of "lesions", or nobody's: "images"."""
        test = self.record.predictions
        if not getattr(self.release, "patients_known", True) or (
            {"image", "patient"} <= {*test} and (test["image"] == test["patient"]).all()
        ):
            return "images"
        return f"{getattr(self.release, 'grouped_by', 'patient')}s"

    def score(self, metric: str, target: str = MEAN) -> Score | None:
        """See `medsmall.record.predicted.score`."""
        asked = f"{metric} {target}"
        if asked not in self.scores:
            self.scores[asked] = score(Predicted.of(self.record), metric, target)
        return self.scores[asked]
