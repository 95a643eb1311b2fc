"""A network and its parameters by layer, from the input to the head."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # seconds to import
    from torch import nn


@dataclass(frozen=True)
class Network:
    """A network with the names of its parameters, input first and the head last.

    Attributes:
        module: takes float images (B, 3, H, W) and gives logits (B, K).
        layers: the finest layers that timm distinguishes, in order, the head last: 61 of
            DenseNet-121, 18 of ResNet-50 and of EfficientNet-Lite0.
        groups: the same parameters in the few groups of the backbone's YAML; the last is the head.
        architecture: timm's name.
        mean, std: per-channel statistics, of grey levels in 0..1, that timm's own weights expect.
    """

    module: "nn.Module"
    layers: list[list[str]] = field(repr=False)
    groups: list[list[str]] = field(repr=False)
    architecture: str
    mean: list[float]
    std: list[float]

    @property
    def head(self) -> list[str]:
        """Names of the head's parameters."""
        return self.groups[-1]

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
