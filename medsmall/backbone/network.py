"""A network and its parameters by layer, from the input to the head."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # seconds to import
    from torch import nn


@dataclass(frozen=True)
class Network:
    """A network with the names of its parameters, input first and the head last.

    Attributes:
        module: takes float images (B, 3, H, W) and gives logits (B, K).
        layers: the finest layers that timm distinguishes, in order, the head last: 61 of
            DenseNet-121, 18 of ResNet-50 and of EfficientNet-Lite0.
        stages: the same parameters in timm's coarse stages, the head last: 6 of a ResNet.
        groups: the same parameters in the few groups of the backbone's YAML; the last is the head.
        architecture: timm's name.
        mean, std: per-channel statistics, of grey levels in 0..1, that timm's own weights expect.
        arguments: further arguments that timm made the network with.
    """

    module: "nn.Module"
    layers: list[list[str]] = field(repr=False)
    stages: list[list[str]] = field(repr=False)
    groups: list[list[str]] = field(repr=False)
    architecture: str
    mean: list[float]
    std: list[float]
    arguments: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def head(self) -> list[str]:
        """Names of the head's parameters."""
        return self.groups[-1]

    def norm_parameters(self) -> list[str]:
        """Names of the weights and biases of normalisation layers (BatchNorm, LayerNorm, ...).

        These are the layers whose parameters all have one dimension, a `weight` among them; an
        activation with such weights (PReLU) is none.
        """
        found: list[str] = []
        for layer, module in self.module.named_modules():
            own = dict(module.named_parameters(layer, recurse=False))
            weights = f"{layer}.weight" in own and type(module).__name__ != "PReLU"
            if weights and all(one.ndim == 1 for one in own.values()):
                found += own
        return found

    def modes(self) -> "list[tuple[nn.Module, list[str]]]":
        """Each module that has a train and an eval mode, with the parameters that decide its mode.

        These are its own parameters. A module without any (dropout, activation) follows the module
        before it or, at the input, the first module with parameters.
        """
        own: dict[str, list[str]] = {}
        for name, _ in self.module.named_parameters():
            own.setdefault(name.rpartition(".")[0], []).append(name)
        decided_by = next(iter(own.values()))
        found = []
        for name, module in self.module.named_modules():
            decided_by = own.get(name, decided_by)
            if name in own or not list(module.children()):
                found.append((module, decided_by))
        return found
