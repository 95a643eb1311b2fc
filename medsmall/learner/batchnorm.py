"""The statistics of BatchNorm, estimated anew on other images.

Adaptive BatchNorm (AdaBN): Li et al., arXiv 1603.04779. It adapts a network to a scanner or a
population by images alone, without labels.
"""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from medsmall.batches.batch import Batch
from medsmall.errors import MedsmallError
from medsmall.model import Model


def with_statistics(module: nn.Module) -> list[_NormBase]:
    """The normalisation layers that keep running statistics."""
    return [
        layer
        for layer in module.modules()
        if isinstance(layer, _NormBase) and layer.running_mean is not None
    ]


def refuse_without_statistics(module: nn.Module, architecture: str) -> None:
    """MedsmallError if there is nothing to estimate."""
    if not with_statistics(module):
        raise MedsmallError(
            f"strategy.norm=reestimated is for networks with BatchNorm, and {architecture} has "
            "none: set strategy.norm=frozen."
        )


@torch.no_grad()
def reestimate(model: Model, batches: Iterable[Batch]) -> None:
    """Set the running mean and variance of each layer to their mean over the `batches`.

    Each batch counts by its images. The variance is the one within batches, as in training: that
    between their means, slight for batches of dozens of images, is left out. Earlier layers
    normalise by the batch meanwhile, as in training. No weight changes.
    """
    layers = with_statistics(model.module)
    momentum = [layer.momentum for layer in layers]
    was_training = {module: module.training for module in model.modules()}
    model.eval()
    for layer in layers:
        layer.reset_running_stats()
        layer.train()
    seen = 0
    device = model.mean.device
    for batch in batches:
        seen += len(batch.images)
        for layer in layers:
            layer.momentum = len(batch.images) / seen  # 1 at first: a running mean by images
        model(batch.images.to(device))
    for layer, before in zip(layers, momentum, strict=True):
        layer.momentum = before
    for module, training in was_training.items():
        module.training = training
