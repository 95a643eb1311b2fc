"""Predictions of a model for whole parts of a draw."""

from collections.abc import Iterable

import numpy as np
import torch
from omegaconf import DictConfig, ListConfig
from torch import Tensor

from medsmall.batches.batch import Batch
from medsmall.errors import MedsmallError
from medsmall.model import Model
from medsmall.terminal import say_once

MIXED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def device_of(trainer: DictConfig) -> torch.device:
    """The device for scoring: the first that a config's trainer uses."""
    kinds = [
        kind
        for kind, here in (
            ("cuda", torch.cuda.is_available()),
            ("mps", torch.backends.mps.is_available()),
        )
        if here and trainer.accelerator in (kind, "gpu", "auto")
    ]
    if trainer.accelerator == "cpu" and torch.cuda.is_available():
        say_once("This machine has a GPU: trainer=gpu uses it.")
    if trainer.accelerator in ("cpu", "auto") and not kinds:
        return torch.device("cpu")
    if not kinds:
        raise MedsmallError(
            f"trainer.accelerator={trainer.accelerator}: this machine has none, set trainer=cpu."
        )
    listed = trainer.devices if isinstance(trainer.devices, ListConfig | list) else [0]
    return torch.device(kinds[0], int(listed[0]) if kinds[0] == "cuda" else 0)


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The context of scoring in the `precision` of a trainer."""
    mixed = MIXED.get(precision)
    return torch.autocast(device.type, dtype=mixed, enabled=mixed is not None)


def for_scoring(model: Model, device: torch.device, precision: str) -> Model:
    """The `model`, or a copy that scores faster on `device` with the same outputs up to rounding.

    On a CPU its BatchNorm is folded into the convolutions; in 16 bits that would round the weights.
    """
    from medsmall.backbone.folding import folded  # seconds to import

    return model if device.type != "cpu" or precision in MIXED else folded(model)


@torch.inference_mode()
def outputs(
    model: Model, batches: Iterable[Batch], views: int, device: torch.device, precision: str
) -> Tensor:
    """Outputs float32 (N, K) of a scoring loader: the mean over the `views` of each image."""
    model = model.to(device).eval()
    found = []
    with autocast(device, precision):
        for batch in batches:
            of_views = model.outputs(batch.images)
            found.append(of_views.view(-1, views, of_views.shape[1]).mean(1))
    return torch.cat(found)


def predictions(
    model: Model, batches: Iterable[Batch], views: int, device: torch.device, precision: str
) -> np.ndarray:
    """Predictions float64 (N, K): outputs are averaged over views before they are activated."""
    return model.predictions(outputs(model, batches, views, device, precision))
