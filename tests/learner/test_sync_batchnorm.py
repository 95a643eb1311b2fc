"""BatchNorm over two processes equals BatchNorm over their joint batch.

Run as a script this file is the two processes: `python test_sync_batchnorm.py FOLDER`.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
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
    torch.manual_seed(100 + step)
    images = torch.randn(8, 3, 6, 5) + torch.tensor([3.0] * 3 + [-1.0] * 5).view(8, 1, 1, 1)
    return images, torch.randn(8, 2, 4, 3)


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


def process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=2)
    for case in CASES:
        module = layer_of(case)
        synchronise(module)
        found = passes(module, SHARES[rank])
        torch.save(found, Path(folder, f"{case}-{rank}.pt"))
        module.eval()
        with torch.no_grad():
            plain = module(joint_batch(0)[0][SHARES[rank]])
        torch.save(plain, Path(folder, f"{case}-{rank}-eval.pt"))
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processes")
    done = subprocess.run(
        [sys.executable, __file__, str(folder)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_two_processes_with_unequal_batches_equal_one_with_all(case, folder):
    expected = passes(layer_of(case), slice(None))
    found = [torch.load(folder / f"{case}-{rank}.pt") for rank in (0, 1)]
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


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if case != "no statistics kept"])
def test_in_eval_mode_processes_do_not_mix(case, folder):
    module = layer_of(case)
    passes(module, slice(None))
    with torch.no_grad():
        expected = module.eval()(joint_batch(0)[0])
    for rank in (0, 1):
        found = torch.load(folder / f"{case}-{rank}-eval.pt")
        torch.testing.assert_close(found, expected[SHARES[rank]], rtol=1e-4, atol=1e-4)


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


if __name__ == "__main__":
    mp.start_processes(process, args=(sys.argv[1],), nprocs=2, start_method="fork")
