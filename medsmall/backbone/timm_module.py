"""The modules of timm: made with a new head, their head and their layers by name."""

from typing import Any

import timm
import torch
from timm.models._manipulate import group_with_matcher
from torch import Tensor, nn

from medsmall.backbone import small_cnn  # noqa: F401  (timm knows it from now on)
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


class ClassAndMean(nn.Module):
    """The class token, and the mean of the patch tokens after it: (B, N, D) -> (B, 2 D).

    As in the linear probes of DINOv2 (Oquab et al., TMLR 2024).
    """

    def __init__(self, prefix: int) -> None:
        super().__init__()
        self.prefix = prefix  # tokens that are not of a patch, the class token first

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens, after the last normalisation."""
        return torch.cat([tokens[:, 0], tokens[:, self.prefix :].mean(1)], dim=1)


def timm_module(name: str, outputs: int, arguments: dict[str, Any] | None = None) -> Any:
    """timm's network `name` (perhaps with a tag after a dot) with random weights and a new head.

    `arguments` are timm's, `pooling` and `samplewise`; see `medsmall.backbone.timm_network`. A ViT
    takes images of any size that its patches divide: timm resamples its positional embedding.
    """
    given = dict(arguments or {})
    samplewise = given.pop("samplewise", False)
    module = _with_pooling(name, outputs, given.pop("pooling", None), given)
    if samplewise:
        module.register_forward_pre_hook(centred_and_scaled)
    for layer in _classifiers(module).modules():
        if type(layer) is nn.Linear:
            layer.__class__ = Float32Linear
    for layer in module.modules():
        if isinstance(layer, COPYING):
            layer.inplace = False
    return module


def _with_pooling(name: str, outputs: int, pooling: str | None, given: dict[str, Any]) -> Any:
    if pooling is None:
        return _any_size(name, outputs, given)
    kind = {"cls": "token", "mean": "avg", "both": ""}[pooling]
    try:
        # the normalisation stays where the pretrained weights have it, whatever is pooled
        module = _any_size(name, outputs, {**given, "global_pool": kind, "fc_norm": False})
        if not module.num_prefix_tokens and pooling != "mean":
            raise ValueError("it has no class token")
    except (TypeError, AttributeError, ValueError, AssertionError) as error:
        raise MedsmallError(
            f"backbone.pooling={pooling} cannot be had with {name} ({error}): it is for a ViT; set "
            "backbone.pooling=null."
        ) from error
    if pooling == "both":
        module.head_drop = ClassAndMean(module.num_prefix_tokens)
        module.head = nn.Linear(2 * module.embed_dim, outputs)
    return module


def _any_size(name: str, outputs: int, given: dict[str, Any]) -> Any:
    options = {"pretrained": False, "num_classes": outputs, **given}
    try:
        try:
            return timm.create_model(name, dynamic_img_size=True, **options)
        except TypeError:  # a network that takes any size by itself, or none
            return timm.create_model(name, **options)
    except RuntimeError as error:  # an unknown tag after the dot
        raise MedsmallError(f"backbone.name={name}: {error}") from error


def centred_and_scaled(module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    """Each image (C, H, W) with mean 0 and standard deviation 1; one of a single value is 0."""
    (x,) = inputs
    std, mean = torch.std_mean(x.float(), (1, 2, 3), correction=0, keepdim=True)
    return (((x - mean) / std.clamp(min=1e-6)).to(x.dtype),)


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
