"""A fitted network with the images to predict."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch

from medsmall.batches.drawn import DrawnImages
from medsmall.inference import for_scoring, predictions
from medsmall.model import Model
from medsmall.record import Record
from medsmall.record.environment import device_of_record


@dataclass
class FittedModel:
    """A fitted model with the images to predict; see `medsmall.learner.Fitted`."""

    model: Model
    data: DrawnImages
    history: pd.DataFrame
    chosen_epoch: int
    initial_sha256: str | None
    prevalence: np.ndarray
    device: torch.device
    precision: str
    processes: int = 1
    network: dict[str, Any] | None = None

    @property
    def machine(self) -> dict[str, Any]:
        """The device and how many processes trained."""
        return {**device_of_record(self.device), "processes": self.processes}

    @cached_property
    def _scoring(self) -> Model:
        return for_scoring(self.model, self.device, self.precision)

    def predict(self, part: str) -> np.ndarray:
        """Predictions of a part, averaged over all views of each image."""
        views = self.data.scoring(part)
        return predictions(self._scoring, views, self.data.views, self.device, self.precision)

    def save(self, record: Record, about: dict[str, str]) -> str:
        """Write model.safetensors."""
        self.model.about |= about
        return record.write("model.safetensors", self.model.save)
