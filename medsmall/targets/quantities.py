"""Quantities: any finite numbers, each in a unit of its own (regression tasks)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from medsmall.evaluation.metrics import mean_over_targets
from medsmall.evaluation.prior_shift import Shares
from medsmall.evaluation.regression import METRICS, evaluate_regression
from medsmall.evaluation.threshold import FEW, Chosen
from medsmall.evaluation.units import per_unit
from medsmall.task import Task
from medsmall.threshold import Threshold

if TYPE_CHECKING:  # seconds to import
    from torch import Tensor

LEAST_SCALE = 1e-6  # of labels that are all equal: they are still divided by it


@dataclass(frozen=True)
class Quantities:
    """K labels that are numbers or NaN (unknown); an output is the standardised number."""

    names: list[str]
    task: Task

    loss: ClassVar[str] = "mae"
    prefix: ClassVar[str] = "pred"
    headline: ClassVar[str] = "mae"
    rises: ClassVar[bool] = False
    headings: ClassVar[dict[str, str]] = {
        "mae": "MAE",
        "rmse": "RMSE",
        "mean_error": "mean error",
        "r2": "R²",
    }
    overall: ClassVar[dict[str, str]] = {}
    too_few: ClassVar[str] = f"has fewer than {2 * FEW} known labels: the last epoch is kept"
    counts: ClassVar[dict[str, str]] = {"n": "n"}

    def moments(self, labels: "Tensor") -> "tuple[Tensor, Tensor]":
        """Mean and standard deviation: a head that begins near 0 is hundreds of months off else."""
        offset = labels.nanmean(0, keepdim=True).float()
        variance = ((labels - offset) ** 2).nanmean(0, keepdim=True)
        scale = variance.sqrt().clamp(min=LEAST_SCALE).float()
        return offset.nan_to_num(0.0), scale.nan_to_num(1.0)  # NaN where no label is known

    def activate(self, outputs: "Tensor") -> "Tensor":
        """The outputs themselves."""
        return outputs

    def per_unit(
        self, y: np.ndarray, predicted: np.ndarray, units: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The means over the images of a unit."""
        return per_unit(y, predicted, units, label="mean")

    def can_choose(self, labels: np.ndarray) -> bool:
        """Whether one of them is known of twice FEW images, as many as a finding needs."""
        return bool(((~np.isnan(labels)).sum(axis=0) >= 2 * FEW).any())

    def thresholds(
        self, y: np.ndarray, predicted: np.ndarray, threshold: Threshold, shares: Shares
    ) -> dict[str, Chosen | None]:
        """None is needed."""
        return {}

    def corrected(self, predicted: np.ndarray, shares: Shares) -> np.ndarray | None:
        """None: numbers have no prevalence."""
        return None

    def decide(
        self, y: np.ndarray, predicted: np.ndarray, thresholds: dict[str, float | None]
    ) -> dict[str, np.ndarray]:
        """Nothing: the number is the answer."""
        return {}

    def evaluate(
        self, y: np.ndarray, predicted: np.ndarray, thresholds: dict[str, float | None]
    ) -> dict[str, Any]:
        """As `medsmall.evaluation.regression.evaluate_regression`."""
        return evaluate_regression(y, predicted, self.names)

    def learnt_from(self, train: np.ndarray) -> dict[str, dict[str, int]]:
        """``n_train``: rows with the number known."""
        known = (~np.isnan(train)).sum(axis=0)
        return {name: {"n_train": int(n)} for name, n in zip(self.names, known, strict=True)}

    def mean(self, by_target: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Over those of which a train label was known."""
        trained = {name: values for name, values in by_target.items() if values["n_train"]}
        return mean_over_targets(trained, METRICS)

    def notes(self, test: dict[str, Any]) -> list[str]:
        """Which unit the errors have."""
        return ["MAE, RMSE and mean error (predicted - true): in the unit of the target."]

    def validation(
        self, y: np.ndarray, predicted: np.ndarray, scale: np.ndarray
    ) -> dict[str, float | None]:
        """The mean squared error of standardised labels, and the mean absolute error in units."""
        standard = evaluate_regression(y / scale, predicted / scale, self.names)
        found = evaluate_regression(y, predicted, self.names)
        return {"loss": standard["loss"], self.headline: found["mean"][self.headline]}
