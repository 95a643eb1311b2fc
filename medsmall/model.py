"""A network for prediction: images in, probabilities out, without Lightning.

From the folder of a record:

    model = Model.load(folder / "model.safetensors")
    model.predict(images)  # uint8 (B, C, H, W) -> float64 (B, K)
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from medsmall.backbone.weights import sha256
from medsmall.errors import MedsmallError
from medsmall.targets import Targets, targets_of
from medsmall.task import Task

AT_ONCE_ON_CPU = 16  # images: of 128 px or more, 8 or 64 at once take up to twice as long
ABOUT = ("seen", "image_size_px", "resize", "thresholds")


class Model(nn.Module):
    """Normalises images, runs the network, and turns its outputs into predictions.

    Args:
        module: takes float (B, 3, H, W), gives outputs (B, K).
        architecture, arguments: timm's name of it, and what else timm makes it of.
        targets: the meaning of the K outputs.
        mean, std: three numbers each, of grey levels in 0..1, that inputs are normalised with.
    """

    mean: Tensor
    std: Tensor
    offset: Tensor
    scale: Tensor

    def __init__(
        self,
        module: nn.Module,
        architecture: str,
        targets: Targets,
        mean: list[float],
        std: list[float],
        arguments: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        # the layout that tensor cores and oneDNN compute in: on a CPU it saves a third of the time
        self.module = module.to(memory_format=torch.channels_last)
        self.architecture, self.targets, self.arguments = architecture, targets, arguments or {}
        # further metadata of its file: the training data (see medsmall.audit.provenance) and, from
        # a run, image_size_px, resize and thresholds, as JSON
        self.about = {"seen": "[]"}
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))
        self.register_buffer("std", torch.ones(1, 3, 1, 1))
        self.set_statistics(mean, std)
        self.register_buffer("offset", torch.zeros(1, len(targets.names)))
        self.register_buffer("scale", torch.ones(1, len(targets.names)))

    def set_statistics(self, mean: list[float], std: list[float]) -> None:
        """Take other statistics; MedsmallError unless they are finite, std above 0."""
        if not all(np.isfinite([*mean, *std])) or min(std) <= 0:
            raise MedsmallError(
                f"The weights come with mean {mean} and std {std}: set pretraining.mean and "
                f"pretraining.std to finite numbers, std above 0."
            )
        self.mean = torch.tensor(mean, dtype=torch.float32).view(1, 3, 1, 1)
        self.std = torch.tensor(std, dtype=torch.float32).view(1, 3, 1, 1)

    def learn_scale(self, labels: Tensor) -> None:
        """Predict in the unit of the train `labels` (N, K), NaN unknown."""
        self.offset, self.scale = self.targets.moments(labels)

    def forward(self, images: Tensor) -> Tensor:
        """Outputs (B, K): logits, or standardised values.

        `images` (B, C, H, W), C 1 or 3, are grey levels 0 to 255, uint8 or float.
        """
        x = (images.expand(-1, 3, -1, -1).float() / 255 - self.mean) / self.std
        return self.module(x.contiguous(memory_format=torch.channels_last))

    @torch.inference_mode()
    def outputs(self, images: Tensor) -> Tensor:
        """Outputs float32 (B, K) without gradients, in batches of the size best for the device."""
        images = images.to(self.mean.device, non_blocking=True)
        few = AT_ONCE_ON_CPU if images.device.type == "cpu" else len(images)
        return torch.cat([self(some).float() for some in images.split(few)])

    def predictions(self, outputs: Tensor) -> np.ndarray:
        """float64 (N, K) of outputs (N, K): probabilities, or values in the unit of the targets."""
        values = self.targets.activate(outputs.double())
        return (values * self.scale.to(values) + self.offset.to(values)).cpu().numpy()

    def predict(self, images: "Tensor | np.ndarray") -> np.ndarray:
        """Predictions float64 (B, K) of uint8 images (B, C, H, W), C 1 or 3, at the run's size.

        One plain view of each: ``predictions.csv`` averages those of `augmentation.tta_views`, too.
        MedsmallError for anything else, such as values from 0 to 1, which would look black.
        """
        if isinstance(images, np.ndarray) and images.dtype == np.uint8:
            images = torch.from_numpy(images)
        side = json.loads(self.about.get("image_size_px", "null"))
        if not (isinstance(images, Tensor) and _are_uint8_images(images)):
            raise MedsmallError(
                "predict takes images of uint8, (B, C, H, W) with C 1 or 3, as a NumPy array or a "
                "tensor: grey levels from 0 to 255."
            )
        if side is not None and tuple(images.shape[2:]) != (side, side):
            raise MedsmallError(
                f"The model is of images of {side} x {side} px, but these have "
                f"{images.shape[2]} x {images.shape[3]}: resize them as the run did (its config "
                "says how)."
            )
        self.eval()
        return self.predictions(self.outputs(images))

    def save(self, path: Path) -> str:
        """Write a safetensors file that `load` reads; returns the sha256 of its tensors."""
        tensors = {k: v.contiguous().cpu() for k, v in self.module.state_dict().items()}
        about = {
            "backbone": self.architecture,
            "arguments": json.dumps(self.arguments),
            "targets": json.dumps(self.targets.names),
            "task": self.targets.task,
            **self.about,
            **{k: numbers(getattr(self, k)) for k in ("mean", "std", "offset", "scale")},
        }
        path.write_bytes(save(tensors, metadata=about))
        return sha256(tensors)

    @classmethod
    def load(cls, path: Path) -> "Model":
        """The model of a record's model.safetensors, in eval mode on the CPU."""
        return cls._load(path, with_head=True)

    @classmethod
    def load_body(cls, path: Path) -> "Model":
        """The same of a network without a head: its outputs are the features of its last layer."""
        return cls._load(path, with_head=False)

    @classmethod
    def _load(cls, path: Path, with_head: bool) -> "Model":
        from medsmall.backbone.timm_module import head_names, timm_module  # seconds to import

        try:
            with safe_open(path, "pt") as file:
                about = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            targets = targets_of(_names(about["targets"]), Task(about["task"]))
            arguments = json.loads(about.get("arguments", "{}"))
            module = timm_module(about["backbone"], len(targets.names), arguments)
            if not with_head:
                module.reset_classifier(0)
            without = [name for name in module.state_dict() if name not in tensors]
            if without and set(without) <= set(head_names(module)):
                raise MedsmallError(
                    f"{path} holds a network without a head, which cannot predict: its learner "
                    "predicts in another way, see predictions.csv of the record."
                )
            module.load_state_dict(tensors)
            mean, std = (floats(about[k]) for k in ("mean", "std"))
            model = cls(module, about["backbone"], targets, mean, std, arguments)
            model.about |= {k: v for k, v in about.items() if k in ABOUT}
            model.offset = torch.tensor([floats(about["offset"])])
            model.scale = torch.tensor([floats(about["scale"])])
        except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
            raise MedsmallError(
                f"{path} is not the model of a record ({type(error).__name__}): give the path of "
                "model.safetensors in the folder of a finished run."
            ) from error
        return model.eval()


def numbers(values: Iterable[float] | Tensor) -> str:
    """Numbers as text, exact to float32: "0.485 0.456 0.406"."""
    flat = values.flatten().tolist() if isinstance(values, Tensor) else values
    return " ".join(f"{x:.9g}" for x in flat)


def floats(text: str) -> list[float]:
    """What `numbers` wrote."""
    return [float(x) for x in text.split()]


def _names(text: str) -> list[str]:
    """A JSON list; "Hernia|Edema" in records of schema 1."""
    return json.loads(text) if text.startswith("[") else text.split("|")


def _are_uint8_images(images: Tensor) -> bool:
    return images.dtype == torch.uint8 and images.ndim == 4 and images.shape[1] in (1, 3)
