"""BatchNorm over the batches of all processes, on CPU and GPU alike.

torch.nn.SyncBatchNorm refuses CPU tensors, so what it does could only be tested where there are
several GPUs. This one is built from differentiable collectives and runs anywhere.
"""

import torch
import torch.distributed as dist
from timm.layers import BatchNormAct2d
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm

from medsmall.errors import MedsmallError


def synchronise(module: nn.Module) -> None:
    """Make every 2D BatchNorm layer inside `module` use the statistics of all processes.

    Parameters, buffers and their names stay as they are; in eval mode and in a single process the
    layers behave as before. Raises MedsmallError for other kinds of BatchNorm, whose statistics
    would differ between the processes unnoticed.
    """
    for layer in module.modules():
        if type(layer) is nn.BatchNorm2d:
            layer.__class__ = SyncBatchNorm
        elif type(layer) is BatchNormAct2d:
            layer.__class__ = SyncBatchNormAct
        elif isinstance(layer, _BatchNorm) and not isinstance(
            layer, SyncBatchNorm | SyncBatchNormAct
        ):
            raise MedsmallError(
                f"The backbone has {type(layer).__name__} layers, which cannot be synchronised "
                f"between processes: set trainer.devices=1, or another backbone."
            )


class SyncBatchNorm(nn.BatchNorm2d):
    """`nn.BatchNorm2d` whose training statistics are those of all processes together."""

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (B, C, H, W); B may differ between processes."""
        if not (self.training and dist.is_available() and dist.is_initialized()):
            return super().forward(input)
        return _normalise(self, input)


class SyncBatchNormAct(BatchNormAct2d):
    """timm's BatchNorm with activation, likewise."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise, drop, activate (B, C, H, W)."""
        if not (self.training and dist.is_available() and dist.is_initialized()):
            return super().forward(x)
        return self.act(self.drop(_normalise(self, x)))


def _normalise(layer: nn.BatchNorm2d, input: Tensor) -> Tensor:
    x = input.float()
    count = all_reduce(torch.tensor([float(x.numel() // x.shape[1])], device=x.device))
    mean = all_reduce(x.sum((0, 2, 3))) / count
    centred = x - mean[:, None, None]
    var = all_reduce(centred.square().sum((0, 2, 3))) / count
    _update_running(layer, mean.detach(), (var * count / (count - 1)).detach())
    scale = torch.rsqrt(var + layer.eps)
    if not layer.affine:
        return (centred * scale[:, None, None]).to(input.dtype)
    scale = scale * layer.weight
    return (centred * scale[:, None, None] + layer.bias[:, None, None]).to(input.dtype)


@torch.no_grad()
def _update_running(layer: nn.BatchNorm2d, mean: Tensor, var: Tensor) -> None:
    if layer.running_mean is None or layer.running_var is None:
        return
    assert layer.num_batches_tracked is not None
    layer.num_batches_tracked += 1
    momentum = layer.momentum
    if momentum is None:  # torch: the cumulative mean
        momentum = 1.0 / float(layer.num_batches_tracked)
    layer.running_mean.lerp_(mean.to(layer.running_mean), momentum)
    layer.running_var.lerp_(var.to(layer.running_var), momentum)
