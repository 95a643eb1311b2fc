"""Findings: each is present or absent, independently (binary and multilabel tasks)."""

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from medsmall.evaluation.metrics import METRICS, evaluate, mean_over_targets
from medsmall.evaluation.prior_shift import Shares, for_findings
from medsmall.evaluation.threshold import FEW, Chosen, enough, threshold_of
from medsmall.evaluation.units import per_unit
from medsmall.task import Task
from medsmall.threshold import Threshold
from medsmall.threshold.prevalence import Prevalence
from medsmall.threshold.youden import Youden

if TYPE_CHECKING:  # seconds to import
    from torch import Tensor


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
    overall: ClassVar[dict[str, str]] = {}
    too_few: ClassVar[str] = (
        f"has fewer than {FEW} positives or negatives of each target: the last epoch is kept, and "
        "the threshold is the share of positives in training, as the fit weighs them"
    )
    counts: ClassVar[dict[str, str]] = {"n": "n", "n_positive": "n⁺"}
    metrics: ClassVar[tuple[str, ...]] = METRICS

    def moments(self, labels: "Tensor") -> "tuple[Tensor, Tensor]":
        """0 and 1: findings are learnt as they are labelled."""
        zeros = labels.new_zeros(1, len(self.names)).float()
        return zeros, zeros + 1

    def activate(self, outputs: "Tensor") -> "Tensor":
        """Probabilities: the sigmoid of each logit."""
        return outputs.sigmoid()

    def per_unit(
        self, y: np.ndarray, predicted: np.ndarray, units: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """A unit has what any of its images has; its probability is their mean."""
        return per_unit(y, predicted, units, label="max")

    def can_choose(self, labels: np.ndarray) -> bool:
        """Whether one of them has enough positives and negatives for a threshold, too."""
        return any(enough(of_target) for of_target in labels.T)

    def thresholds(
        self, y: np.ndarray, predicted: np.ndarray, threshold: Threshold, shares: Shares
    ) -> dict[str, Chosen | None]:
        """What the `threshold` chooses; the share in the fit where y is too small."""
        found = {}
        population = np.nan_to_num(shares.population, nan=0.5)
        for k, name in enumerate(self.names):
            choose = functools.partial(threshold.choose, prevalence=float(population[k]))
            found[name] = threshold_of(y[:, k], predicted[:, k], choose, float(shares.fit[k]))
        return found

    def corrected(self, predicted: np.ndarray, shares: Shares) -> np.ndarray | None:
        """See `medsmall.evaluation.prior_shift`."""
        return for_findings(predicted, shares) if shares.differ else None

    def decide(
        self, y: np.ndarray, predicted: np.ndarray, thresholds: dict[str, float | None]
    ) -> dict[str, np.ndarray]:
        """Of a single finding 1 where its probability reaches the threshold, else 0."""
        threshold = thresholds.get(self.names[0])
        if len(self.names) > 1 or threshold is None:
            return {}
        called = (predicted[:, 0] >= threshold).astype(int)
        return {"predicted": called, "correct": correct(called, y[:, 0], ~np.isnan(y[:, 0]))}

    def evaluate(
        self, y: np.ndarray, predicted: np.ndarray, thresholds: dict[str, float | None]
    ) -> dict[str, Any]:
        """As `medsmall.evaluation.metrics.evaluate`."""
        return evaluate(y, predicted, self.names, thresholds)

    def learnt_from(self, train: np.ndarray) -> dict[str, dict[str, int]]:
        """``n_train`` and ``n_train_positive``: rows with the label known, and with it positive."""
        return {
            name: {
                "n_train": int((~np.isnan(train[:, k])).sum()),
                "n_train_positive": int((train[:, k] == 1).sum()),
            }
            for k, name in enumerate(self.names)
        }

    def mean(self, by_target: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Over those whose train labels had both a positive and a negative."""
        trained = {
            name: values
            for name, values in by_target.items()
            if 0 < values["n_train_positive"] < values["n_train"]
        }
        return mean_over_targets(trained, self.metrics)

    def notes(self, test: dict[str, Any]) -> list[str]:
        """The origin of the thresholds, and targets with too few labels."""
        sources = [values["threshold_from"] for values in test["targets"].values()]
        words = {
            "validation": "the threshold chosen on validation" + _aim(test),
            "prevalence": "the share of positives in training, as the fit weighs them" + _why(test),
            "constant": "0.5, since every image has the same probability",
        }
        used = [f"{words[s]}{_how_many(s, sources)}" for s in words if s in sources]
        value = [f"{v['threshold']:.2f}, " for v in test["targets"].values() if v["threshold"]]
        of_one = value[0] if len(value) == len(sources) == 1 and "constant" not in sources else ""
        where = f"Sens., spec. and bal. acc.: at {of_one}{'; at '.join(used)}." if used else ""
        return [where, *unreliable(test)] if where else unreliable(test)

    def validation(
        self, y: np.ndarray, predicted: np.ndarray, scale: np.ndarray
    ) -> dict[str, float | None]:
        """The mean of -log p over the known labels, and the mean AUROC.

        Over the targets with `enough` labels, if there are any, else over those that define it: a
        single positive could dominate the mean of all.
        """
        found = self.evaluate(y, predicted, {})
        many = {
            name: found["targets"][name] for k, name in enumerate(self.names) if enough(y[:, k])
        }
        mean = mean_over_targets(many, self.metrics) if many else found["mean"]
        return {"loss": found["loss"], self.headline: mean[self.headline]}


def correct(called: np.ndarray, true: np.ndarray, known: np.ndarray) -> np.ndarray:
    """True, False, or None where the label is not `known`: (N,) of objects."""
    right = (called == true).astype(object)
    right[~known] = None
    return right


def _why(test: dict[str, Any]) -> str:
    """Why nothing was chosen, unless that was asked for."""
    aim = test.get("threshold_aim")
    if aim == Prevalence.aim:
        return ""
    sought = f", so {aim} was not sought" if aim not in (None, Youden.aim) else ""
    return f" (validation has fewer than {FEW} positives or negatives{sought})"


def _aim(test: dict[str, Any]) -> str:
    """What it was chosen for; records of older versions do not say."""
    aim = test.get("threshold_aim")
    return f" for {aim}" if aim else ""


def _how_many(source: str, sources: list[str | None]) -> str:
    count = sources.count(source)
    return "" if count == len(sources) else f" ({count} of {len(sources)} targets)"


def unreliable(test: dict[str, Any]) -> list[str]:
    """A sentence, in a list, where the test has too few labels for some target."""
    if all(values["reliable"] for values in test["targets"].values()):
        return []
    return [f"?: unreliable, with fewer than {FEW} positives or negatives in the test set."]
