"""Findings: each is there or not, whatever the others are (binary and multilabel tasks)."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from medsmall.evaluation.metrics import choose_threshold, evaluate
from medsmall.evaluation.units import per_unit
from medsmall.task import Task


@dataclass(frozen=True)
class Findings:
    """K labels of 1, 0 or NaN (unknown); an output is the logit of its finding."""

    names: list[str]
    task: Task

    loss: ClassVar[str] = "bce"
    prefix: ClassVar[str] = "prob"
    headline: ClassVar[str] = "auroc"
    rises: ClassVar[bool] = True
    headings: ClassVar[dict[str, str]] = {
        "auroc": "AUROC",
        "average_precision": "AP",
        "sensitivity": "sens.",
        "specificity": "spec.",
        "balanced_accuracy": "bal. acc.",
    }
    counts: ClassVar[dict[str, str]] = {"n": "n", "n_positive": "n⁺"}
    note: ClassVar[str] = (
        "Sens., spec. and bal. acc.: at the threshold chosen on the validation images."
    )

    def moments(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """0 and 1: findings are learnt as they are labelled."""
        return torch.zeros(1, len(self.names)), torch.ones(1, len(self.names))

    def activate(self, outputs: Tensor) -> Tensor:
        """Probabilities: the sigmoid of each logit."""
        return outputs.sigmoid()

    def per_unit(
        self, y: np.ndarray, predicted: np.ndarray, units: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """A unit has what any of its images has; its probability is their mean."""
        return per_unit(y, predicted, units, label="max")

    def thresholds(self, y: np.ndarray, predicted: np.ndarray) -> dict[str, float | None]:
        """Where sensitivity + specificity is largest; None where a class is absent."""
        return {
            name: choose_threshold(y[:, k], predicted[:, k]) for k, name in enumerate(self.names)
        }

    def evaluate(
        self, y: np.ndarray, predicted: np.ndarray, thresholds: dict[str, float | None]
    ) -> dict[str, Any]:
        """As `medsmall.evaluation.metrics.evaluate`."""
        return evaluate(y, predicted, self.names, self.task, thresholds)

    def validation(
        self, y: np.ndarray, predicted: np.ndarray, scale: np.ndarray
    ) -> dict[str, float | None]:
        """The mean of -log p over the known labels, and the mean AUROC over defined targets."""
        found = self.evaluate(y, predicted, {})
        return {"loss": found["loss"], self.headline: found["mean"][self.headline]}
