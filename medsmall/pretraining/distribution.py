"""Random weights with the mean and the standard deviation of pretrained ones."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from omegaconf import DictConfig

from medsmall.errors import MedsmallError
from medsmall.pretraining import LeavesOut, Pretraining

if TYPE_CHECKING:  # seconds to import, and `reach` answers before
    from torch import Tensor

    from medsmall.backbone.network import Network
    from medsmall.backbone.weights import Weights
    from medsmall.case import Case, Source


class Distribution:
    """Draws each tensor of another source anew: their scale transfers, their features do not.

    Each tensor named `weight` or `bias` is drawn from N(mean, std^2) of that tensor (Raghu et al.,
    NeurIPS 2019; Romero et al., Medical Physics 2020, whose code took the mean for the standard
    deviation, too). The running statistics of BatchNorm and the normalisation of inputs stay; the
    head is random as with every source.

    Args:
        base: the source of the weights.
        per: mean and std of each tensor, or of each of its output channels; a tensor of one
            dimension has one value a channel, so it is always drawn as a whole.
        batchnorm: also draw the weights and biases of BatchNorm; false: they stay.
        seed: of the draw; a tensor depends on it and on the tensor's name alone.
        random: tells the strategy that there is nothing to unfreeze gradually.
    """

    def __init__(
        self,
        base: Pretraining,
        per: Literal["tensor", "channel"],
        batchnorm: bool,
        seed: int,
        random: bool = True,
    ) -> None:
        if seed < 0:
            raise MedsmallError(f"pretraining.seed must be 0 or more, but is {seed}.")
        self.base, self.per, self.batchnorm, self.seed = base, per, batchnorm, seed
        self.random = random

    def reach(self, cfg: DictConfig) -> None:
        """Whether the weights can be fetched."""
        self.base.reach(cfg)

    def leaves_out(self, config: dict[str, Any]) -> list[dict[str, Any]]:
        """What the source of the weights leaves out."""
        return self.base.leaves_out(config) if isinstance(self.base, LeavesOut) else []

    def source(self, cfg: DictConfig, resolve: "Callable[[DictConfig], Case]") -> "Source":
        """That of the weights, drawn when opened; what they saw, their moments tell."""
        source = self.base.source(cfg, resolve)
        drawn = f"per {self.per}, {'with' if self.batchnorm else 'without'} BatchNorm"
        return replace(
            source,
            name=f"the distribution of {source.name}",
            fingerprint=f"{source.fingerprint} drawn {drawn}, seed {self.seed}",
            open=lambda: self._weights(source),
        )

    def _weights(self, source: "Source") -> "Weights":
        weights = source.open()
        name = f"the distribution of {weights.name}"
        if weights.tensors is None:
            raise MedsmallError(
                f"There is no distribution of {weights.name}: set pretraining=none for these."
            )
        return replace(weights, name=name, tensors=partial(self._tensors, weights.tensors))

    def _tensors(
        self, tensors: "Callable[[Network], dict[str, Tensor]]", network: "Network"
    ) -> "dict[str, Tensor]":
        from torch.nn.modules.batchnorm import _BatchNorm

        modules = dict(network.module.named_modules())

        def is_drawn(name: str) -> bool:
            layer, _, kind = name.rpartition(".")
            kept = isinstance(modules.get(layer), _BatchNorm) and not self.batchnorm
            return kind in ("weight", "bias") and name not in network.head and not kept

        return {
            name: drawn(tensor, self.per, [self.seed, zlib.crc32(name.encode())])
            if is_drawn(name)
            else tensor
            for name, tensor in tensors(network).items()
        }


def drawn(tensor: "Tensor", per: Literal["tensor", "channel"], seed: list[int]) -> "Tensor":
    """float32 of the shape of `tensor`, normal with its moments; output channels are dimension 0.

    The standard deviation is that of all its values, divided by their number.
    """
    import numpy as np
    import torch

    over = tuple(range(1 if per == "channel" and tensor.ndim > 1 else 0, tensor.ndim))
    values = tensor.double()
    mean = values.mean(over, keepdim=True)
    std = values.std(over, correction=0, keepdim=True)
    noise = np.random.default_rng(seed).standard_normal(tuple(tensor.shape))
    return (mean + std * torch.from_numpy(noise)).float()
