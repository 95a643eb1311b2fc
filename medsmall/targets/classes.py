"""Exclusive classes: each image has exactly one (multiclass tasks)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from medsmall.evaluation.classes import METRICS, evaluate_classes
from medsmall.evaluation.prior_shift import Shares, for_classes
from medsmall.evaluation.threshold import FEW, Chosen
from medsmall.targets.findings import Findings, correct, unreliable
from medsmall.threshold import Threshold

if TYPE_CHECKING:  # seconds to import
    from torch import Tensor


@dataclass(frozen=True)
class Classes(Findings):
    """K columns with a single 1 per image (or all NaN, unknown); outputs are their logits.

    The class of an image is the most probable one: no thresholds.
    """

    loss: ClassVar[str] = "cross_entropy"
    headings: ClassVar[dict[str, str]] = {
        "auroc": "AUROC, one vs rest",
        "average_precision": "AP, one vs rest",
        "recall": "recall",
        "precision": "precision",
        "f1": "F1",
    }
    overall: ClassVar[dict[str, str]] = {
        "accuracy": "accuracy",
        "balanced_accuracy": "mean recall",
        "macro_f1": "macro F1",
        "cohen_kappa": "kappa",
    }
    too_few: ClassVar[str] = (
        f"has no class with {FEW} images inside and {FEW} outside it: the last epoch is kept"
    )
    metrics: ClassVar[tuple[str, ...]] = METRICS

    def activate(self, outputs: "Tensor") -> "Tensor":
        """Probabilities: the softmax over the classes."""
        return outputs.softmax(1)

    def thresholds(
        self, y: np.ndarray, predicted: np.ndarray, threshold: Threshold, shares: Shares
    ) -> dict[str, Chosen | None]:
        """None is needed."""
        return {}

    def corrected(self, predicted: np.ndarray, shares: Shares) -> np.ndarray | None:
        """See `medsmall.evaluation.prior_shift`."""
        return for_classes(predicted, shares) if shares.differ else None

    def decide(
        self, y: np.ndarray, predicted: np.ndarray, thresholds: dict[str, float | None]
    ) -> dict[str, np.ndarray]:
        """The name of the most probable class."""
        called, known = predicted.argmax(axis=1), ~np.isnan(y).any(axis=1)
        true = np.where(known[:, None], y, 0).argmax(axis=1)
        return {"predicted": np.array(self.names)[called], "correct": correct(called, true, known)}

    def evaluate(
        self, y: np.ndarray, predicted: np.ndarray, thresholds: dict[str, float | None]
    ) -> dict[str, Any]:
        """As `medsmall.evaluation.classes.evaluate_classes`."""
        return evaluate_classes(y, predicted, self.names)

    def notes(self, test: dict[str, Any]) -> list[str]:
        """The meaning of the columns, and classes with too few images."""
        return [
            "Recall, precision and F1: of the most probable class.",
            *unreliable(test),
        ]
