"""The modules of timm: made with a new head, their head and their layers by name."""

from typing import Any

import timm
import torch
from timm.models._manipulate import group_with_matcher
from torch import Tensor, nn

from medsmall.errors import MedsmallError

# In place, these keep a copy of their input for the gradient; ReLU needs only its output.
COPYING = (nn.Hardtanh, nn.SiLU, nn.Hardswish)


class Float32Linear(nn.Linear):
    """A linear layer in float32, whatever the precision of the body.

    bfloat16 has three digits: of 624 images, 198 would share their logit with another one.
    """

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, K)."""
        if not torch.is_autocast_enabled(features.device.type):
            return super().forward(features)
        with torch.autocast(features.device.type, enabled=False):
            return super().forward(features.float())


def timm_module(name: str, outputs: int) -> Any:
    """timm's network `name` (perhaps with a tag after a dot) with random weights and a new head."""
    try:
        module = timm.create_model(name, pretrained=False, num_classes=outputs)
    except RuntimeError as error:  # an unknown tag after the dot
        raise MedsmallError(f"backbone.name={name}: {error}") from error
    for layer in _classifiers(module).modules():
        if type(layer) is nn.Linear:
            layer.__class__ = Float32Linear
    for layer in module.modules():
        if isinstance(layer, COPYING):
            layer.inplace = False
    return module


def head_names(module: nn.Module) -> list[str]:
    """Names of the parameters of a timm network's last layer."""
    own = {id(parameter) for parameter in _classifiers(module).parameters()}
    return [name for name, parameter in module.named_parameters() if id(parameter) in own]


def reset_head(module: Any) -> None:
    """New random values for the last layer, as torch makes a linear layer."""
    for layer in _classifiers(module).modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            layer.reset_parameters()


def layers_of(module: Any, head: list[str], coarse: bool) -> list[list[str]]:
    """timm's own layers of the body, input first, or its coarse stages; empty if it has none."""
    try:
        matcher = module.group_matcher(coarse=coarse)
    except (AttributeError, AssertionError):
        return []
    stages = group_with_matcher(module.named_parameters(), matcher)
    body = [[n for n in names if n not in head] for _, names in sorted(stages.items())]
    return [names for names in body if names]


def _classifiers(module: Any) -> nn.ModuleList:
    """The last layer; networks made for distillation have two and average their logits."""
    found = module.get_classifier()
    return nn.ModuleList(found if isinstance(found, tuple) else [found])
