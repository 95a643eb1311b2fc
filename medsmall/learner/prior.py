"""The same answer for every image: what anything learnt has to beat."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from medsmall.learner import TRAINING
from medsmall.targets import Targets
from medsmall.task import Task

if TYPE_CHECKING:  # seconds to import, and a wrong value needs none of it
    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.logger import Logger
    from medsmall.record import Record

PIXELS = frozenset({"backbone", "pretraining", "features", "augmentation"})


@dataclass(frozen=True)
class Prior:
    """The shares of the classes in the train images, of numbers their mean.

    The class that is called is the most frequent one. AUROC is 0.5, balanced accuracy 1 / classes:
    an accuracy that looks good says little where this one has it, too.

    Args:
        label: its name in the names of runs.
    """

    label: str
    ignores: ClassVar[frozenset[str]] = TRAINING | PIXELS
    takes_examples: ClassVar[bool] = False

    def check(self, cfg: DictConfig, targets: Targets, side: int) -> None:
        """Nothing to check."""

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> "FittedPrior":
        """Count the train labels."""
        from medsmall import logger
        from medsmall.learner.heads.examples import unit
        from medsmall.learner.heads.history import one_row

        shares = data.shown_labels.nanmean(0).double().numpy()
        unknown = 0.0 if case.targets.task == Task.REGRESSION else 0.5
        answer = np.where(np.isnan(shares), unknown, shares)
        fitted = FittedPrior(data, pd.DataFrame(), shares, answer)
        fitted.history = one_row(case.targets, unit(case)[1], data, fitted.predict, [{}])
        logger.replay(loggers, fitted.history)
        return fitted


@dataclass
class FittedPrior:
    """One `answer` (K,); see `medsmall.learner.Fitted`."""

    data: "DrawnImages"
    history: pd.DataFrame
    prevalence: np.ndarray
    answer: np.ndarray
    chosen_epoch: int = 1
    initial_sha256: str | None = None
    network: dict[str, Any] | None = None

    @property
    def machine(self) -> dict[str, Any]:
        """The CPU."""
        return {"device": "cpu", "processes": 1}

    def predict(self, part: str) -> np.ndarray:
        """The answer for each image of a part."""
        return np.tile(self.answer, (len(self.data.parts[part]), 1))

    def save(self, record: "Record", about: dict[str, str]) -> str:
        """Write prior.safetensors: the `answer` (K,)."""
        from safetensors.numpy import save

        content = save({"answer": self.answer})
        record.write("prior.safetensors", lambda path: path.write_bytes(content))
        return hashlib.sha256(content).hexdigest()
