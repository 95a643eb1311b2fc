"""A fitted head beside the features it is of."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from medsmall.batches.drawn import DrawnImages
from medsmall.features import Described
from medsmall.learner.heads.linear import Linear
from medsmall.record import Record
from medsmall.targets import Targets

Array = NDArray[np.float64]


class Head(Protocol):
    """What predicts from features.

    Attributes:
        linear: whether its outputs are linear in the features until they become probabilities: then
            the features of the views of an image are averaged, else its predictions.
    """

    linear: ClassVar[bool]

    def predict(self, features: NDArray[np.floating]) -> Array:
        """Predictions (M, K) from features (M, F)."""

    def save(self, record: Record) -> str:
        """Write a file into the record, without a pickle; the sha256 of its content."""


@dataclass
class FittedHead:
    """A `head` on `described` features; see `medsmall.learner.Fitted`."""

    data: DrawnImages
    history: pd.DataFrame
    prevalence: np.ndarray
    described: Described
    head: Head
    chosen_epoch: int = 1
    initial_sha256: str | None = None
    network: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.initial_sha256 = self.described.initial_sha256

    @property
    def machine(self) -> dict[str, Any]:
        """The device."""
        return {**self.described.machine, "processes": 1}

    def predict(self, part: str) -> np.ndarray:
        """Predictions of a part, averaged over all views of each image."""
        features = self.described.features(self.data.scoring(part))
        if self.head.linear:
            return self.head.predict(_mean(features, self.data.views))
        return _mean(self.head.predict(features), self.data.views)

    def save(self, record: Record, about: dict[str, str]) -> str:
        """Write the head, and what gives its features; the sha256 of the network's tensors.

        Without a network it is that of the head.
        """
        of_head = self.head.save(record)
        return self.described.save(record, about) or of_head


def _mean(rows: np.ndarray, views: int) -> np.ndarray:
    mean: np.ndarray = rows.reshape(-1, views, rows.shape[1]).mean(1)
    return mean


@dataclass(frozen=True)
class LinearHead:
    """A linear head on features that no network gives."""

    solved: Linear
    targets: Targets
    offset: Array
    scale: Array
    linear: ClassVar[bool] = True

    def predict(self, features: NDArray[np.floating]) -> Array:
        """Predictions (M, K)."""
        outputs = torch.from_numpy(self.solved.outputs(features.astype(float)))
        predicted: Array = self.targets.activate(outputs).numpy() * self.scale + self.offset
        return predicted

    def save(self, record: Record) -> str:
        """Write head.safetensors: `weight` (K, F), `bias`, `offset` and `scale` (K,)."""
        from safetensors.numpy import save

        arrays = {"weight": self.solved.weight, "bias": self.solved.bias,
                  "offset": self.offset, "scale": self.scale}  # fmt: skip
        content = save({name: np.ascontiguousarray(one) for name, one in arrays.items()})
        record.write("head.safetensors", lambda path: path.write_bytes(content))
        return hashlib.sha256(content).hexdigest()

    @classmethod
    def load(cls, path: Path, targets: Targets) -> "LinearHead":
        """What `save` wrote."""
        from safetensors.numpy import load_file

        of = load_file(path)
        return cls(Linear(of["weight"], of["bias"]), targets, of["offset"], of["scale"])
