"""Weights from a file."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from medsmall.audit.seen import seen_by_run
from medsmall.errors import MedsmallError
from medsmall.pretraining.weights import Weights


class WeightsFile:
    """A run's model.safetensors, or a PyTorch state dict.

    Args:
        path: the file.
        mean, std: statistics of grey levels in 0..1 it was trained with, one number for all
            channels or three; null: those written in a safetensors file, else the backbone's.
        trained_on: what it was trained on, for the record.
        allow_test_overlap: go on although it has seen patients or images of the test split, which
            is known where the file still lies in the record of its run, or although it was trained
            on this very data set and that is not known.
    """

    def __init__(
        self,
        path: str,
        mean: float | list[float] | None,
        std: float | list[float] | None,
        trained_on: str,
        allow_test_overlap: bool = False,
    ) -> None:
        self.path = Path(path).expanduser()
        if not self.path.is_file():
            raise MedsmallError(f"pretraining.path: there is no file {self.path.absolute()}.")
        self.mean, self.std = _three(mean), _three(std)
        if self.std and not min(self.std) > 0:
            raise MedsmallError(f"pretraining.std must be above 0, but is {std}.")
        self.trained_on, self.allow_test_overlap = trained_on, allow_test_overlap

    def weights(self, cfg: Any, train: Callable[..., Any]) -> Weights:
        """The file's tensors; its statistics unless others were given."""
        written = statistics(self.path)
        folder = self.path.resolve().parent  # a link may lead to it
        seen = seen_by_run(folder)
        return Weights(
            f"file {self.path.name}",
            hashlib.sha256(self.path.read_bytes()).hexdigest(),
            lambda network: _tensors(self.path),
            mean=self.mean or written.get("mean"),
            std=self.std or written.get("std"),
            trained_on=seen[0].dataset if seen else self.trained_on,
            seen=seen,
            record=folder if seen else None,
            allow_test_overlap=self.allow_test_overlap,
        )


def _three(value: float | list[float] | None) -> list[float] | None:
    if value is None:
        return None
    values = [value] * 3 if isinstance(value, float | int) else list(value)
    if len(values) != 3:
        raise MedsmallError(
            f"pretraining.mean and pretraining.std take one number or three, not {values}."
        )
    return values


def statistics(path: Path) -> dict[str, list[float]]:
    """The `mean` and `std` that a run wrote into its safetensors file; empty for other files."""
    if path.suffix != ".safetensors":
        return {}
    with _readable(path), safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        given = [k for k in ("mean", "std") if k in metadata]
        return {k: [float(x) for x in metadata[k].split()] for k in given}


def _tensors(path: Path) -> dict[str, Tensor]:
    with _readable(path):
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, weights_only=True, map_location="cpu")
        return content.get("state_dict", content)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever a reader raises for a broken file into one sentence."""
    try:
        yield
    except Exception as error:
        raise MedsmallError(
            f"{path} is not a readable weights file ({type(error).__name__}): it must be a "
            f"safetensors file or a state dict saved by torch.save."
        ) from error
