"""The features that a frozen network gives for views, looked up or computed."""

import hashlib
import json
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn
from torch.utils.data import DataLoader

from medsmall.backbone.weights import sha256
from medsmall.errors import MedsmallError
from medsmall.features.kept import Kept
from medsmall.inference import autocast, device_of, for_scoring
from medsmall.model import AT_ONCE_ON_CPU, Model
from medsmall.record.environment import device_of_record

AT_ONCE_ON_GPU = 64
WITHOUT_EFFECT = ("groups", "hub", "packaged_weights")  # options of a backbone, on its features


class Frozen:
    """A `model` of the config `cfg` whose body stays as it is.

    The file of its features is named by all that decides them: the tensors below the last layer,
    the backbone's options, the statistics of its inputs, precision, device, and the versions of
    torch and timm.
    """

    def __init__(self, model: Model, cfg: DictConfig) -> None:
        self.model, self.precision = model, str(cfg.trainer.precision)
        self.device = device_of(cfg.trainer)
        self.scoring: Model | None = None  # made when the first view is unknown
        name = f"{model.architecture.replace('/', '_')}-{_identity(self, cfg)}"
        self.kept = Kept(cfg, name, self._computed)

    def features(self, loader: DataLoader) -> np.ndarray:
        """float32 (N, F) of all views of a loader, see `medsmall.features.kept`."""
        return self.kept.features(loader)

    def outputs(self, loader: DataLoader, views: int = 1) -> Tensor:
        """Outputs float32 (N, K) of the last layer as it is now, the mean over `views` views."""
        x = torch.from_numpy(self.features(loader))
        with torch.inference_mode():
            layer = last_layer(self.model)
            outputs = torch.nn.functional.linear(x, layer.weight.cpu(), layer.bias.cpu())
        return outputs.view(-1, views, outputs.shape[1]).mean(1)

    @torch.inference_mode()
    def _computed(self, images: Tensor) -> np.ndarray:
        """float32 (B, F), always in whole blocks: else the last bits depend on the block's size."""
        if self.scoring is None:
            scoring = for_scoring(self.model, self.device, self.precision)
            self.scoring = scoring.to(self.device).eval()
        block = AT_ONCE_ON_CPU if self.device.type == "cpu" else AT_ONCE_ON_GPU
        padded = images.new_zeros((-(-len(images) // block) * block, *images.shape[1:]))
        padded[: len(images)] = images
        caught: list[Tensor] = []
        hook = last_layer(self.scoring).register_forward_pre_hook(
            lambda layer, inputs: caught.append(inputs[0].float().flatten(1).cpu())
        )
        try:
            with autocast(self.device, self.precision):
                for some in padded.split(block):
                    self.scoring.outputs(some)
        finally:
            hook.remove()
        found = torch.cat(caught)[: len(images)]
        if not found.isfinite().all():
            raise MedsmallError(
                f"The features of {self.model.architecture} hold NaN or infinity: set "
                "trainer.precision=32-true, or other weights (or their mean and std)."
            )
        return found.numpy()


def last_layer(model: Model) -> nn.Linear:
    """The layer that gives the outputs."""
    module: Any = model.module
    return module.get_classifier()


def _identity(of: Frozen, cfg: DictConfig) -> str:
    last = {id(tensor) for tensor in last_layer(of.model).state_dict(keep_vars=True).values()}
    tensors = of.model.module.state_dict(keep_vars=True)
    body = {k: v for k, v in tensors.items() if id(v) not in last}
    options: Any = OmegaConf.to_container(cfg.backbone, resolve=True)
    backbone = {key: value for key, value in options.items() if key not in WITHOUT_EFFECT}
    if not backbone.get("samplewise"):  # files from before the option existed keep their name
        backbone.pop("samplewise", None)
    decided_by = [
        sha256({name: tensor.detach() for name, tensor in body.items()}),
        backbone, of.model.arguments,
        *(one.flatten().tolist() for one in (of.model.mean, of.model.std)),
        of.precision, device_of_record(of.device), version("torch"), version("timm"),
    ]  # fmt: skip
    text = json.dumps(decided_by, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
