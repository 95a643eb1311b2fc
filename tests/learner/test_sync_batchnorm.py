"""BatchNorm over two processes equals BatchNorm over their joint batch."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist
from timm.layers import BatchNormAct2d
from torch import nn

from medsmall.errors import MedsmallError
from medsmall.learner.lightning.sync_batchnorm import (
    SyncBatchNorm,
    SyncBatchNormAct,
    synchronise,
)

SHARES = [slice(0, 3), slice(3, 8)]  # unequal batches
STEPS = 3
CASES = {
    "batchnorm": lambda: nn.BatchNorm2d(4),
    "cumulative mean": lambda: nn.BatchNorm2d(4, momentum=None),
    "no statistics kept": lambda: nn.BatchNorm2d(4, track_running_stats=False),
    "no scale and shift": lambda: nn.BatchNorm2d(4, affine=False),
    "with activation": lambda: BatchNormAct2d(4, act_layer=nn.SiLU),
    "without activation": lambda: BatchNormAct2d(4, apply_act=False, momentum=0.3, eps=1e-2),
}


def layer_of(case: str) -> nn.Module:
    """A layer between two convolutions, with weights that are not its initial ones."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), CASES[case](), nn.Conv2d(4, 2, 1))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter))
    return module


def joint_batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Images whose first three differ in level from the others, and the weights of a loss."""
    rng = torch.Generator().manual_seed(100 + step)
    levels = torch.tensor([3.0] * 3 + [-1.0] * 5).view(8, 1, 1, 1)
    images = torch.randn(8, 3, 6, 5, generator=rng) + levels
    return images, torch.randn(8, 2, 4, 3, generator=rng)


def passes(module: nn.Module, share: slice) -> dict[str, torch.Tensor]:
    """Outputs, gradients and statistics after some steps on a share of the joint batches."""
    outputs, inputs = [], []
    for step in range(STEPS):
        images, weights = (tensor[share].clone() for tensor in joint_batch(step))
        images.requires_grad_()
        output = module(images)
        (output * weights).sum().backward()
        outputs.append(output.detach())
        inputs.append(images.grad)
    found = {"output": torch.stack(outputs, 1), "input gradient": torch.stack(inputs, 1)}
    found |= {f"gradient {name}": p.grad for name, p in module.named_parameters()}
    found |= {f"buffer {name}": b for name, b in module.named_buffers()}
    return found


@pytest.fixture
def two_processes(monkeypatch):
    """Gives what each of two processes finds on its share: when training, and then in eval mode.

    They are threads that meet by gloo; test_ddp.py starts processes. On a CPU the backward pass
    runs in the thread that asks for it.
    """
    here, store = threading.local(), dist.HashStore()

    def all_reduce(tensor, op, group):
        assert op == dist.ReduceOp.SUM
        here.group.allreduce([tensor]).wait()

    def process(rank, module):
        here.group = dist.ProcessGroupGloo(store, rank, 2, timedelta(seconds=60))
        found = passes(module, SHARES[rank])
        module.eval()
        with torch.no_grad():
            return found, module(joint_batch(0)[0][SHARES[rank]])

    def run(case):
        modules = [layer_of(case) for _ in SHARES]
        for module in modules:
            synchronise(module)
        with ThreadPoolExecutor(2) as pool:
            return zip(*pool.map(process, (0, 1), modules), strict=True)

    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "all_reduce", all_reduce)
    return run


@pytest.mark.parametrize("case", CASES)
def test_two_processes_with_unequal_batches_equal_one_with_all(case, two_processes):
    module = layer_of(case)
    expected = passes(module, slice(None))
    found, plain = two_processes(case)
    assert found[0].keys() == found[1].keys() == expected.keys()
    for name, one in expected.items():
        both = [part[name] for part in found]
        if name in ("output", "input gradient"):
            two = torch.cat(both)
        elif name.startswith("gradient"):
            two = both[0] + both[1]
        else:
            two = both[0]
            assert both[0].equal(both[1]), name
        torch.testing.assert_close(
            two, one, rtol=1e-4, atol=1e-4, msg=lambda m, n=name: f"{n}: {m}"
        )
    if case != "no statistics kept":  # in eval mode processes do not mix
        with torch.no_grad():
            alone = module.eval()(joint_batch(0)[0])
        torch.testing.assert_close(torch.cat(plain), alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", CASES)
def test_in_a_single_process_nothing_changes(case):
    expected = passes(layer_of(case), slice(None))
    module = layer_of(case)
    names = list(module.state_dict())
    synchronise(module)
    assert list(module.state_dict()) == names
    found = passes(module, slice(None))
    for name, tensor in expected.items():
        assert found[name].equal(tensor), name


def test_layers_of_the_two_kinds_are_exchanged_wherever_they_stand_and_others_stay():
    module = nn.Sequential(nn.BatchNorm2d(2), nn.Sequential(BatchNormAct2d(2)), nn.GroupNorm(1, 2))
    synchronise(module)
    synchronise(module)  # twice is once
    kinds = [type(module[0]), type(module[1][0]), type(module[2])]
    assert kinds == [SyncBatchNorm, SyncBatchNormAct, nn.GroupNorm]


def test_other_kinds_of_batchnorm_are_refused():
    with pytest.raises(MedsmallError, match="BatchNorm1d"):
        synchronise(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)))
