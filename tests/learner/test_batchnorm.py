"""BatchNorm's statistics on other images: moments of known inputs, and nothing else moves."""

import pytest
import torch
from torch import nn

from medsmall.batches.batch import Batch
from medsmall.learner.batchnorm import reestimate, with_statistics
from medsmall.model import Model
from medsmall.targets import targets_of
from medsmall.task import Task


def model_of(module):
    targets = targets_of(["a"], Task.BINARY)
    return Model(module, "made", targets, [0.0] * 3, [1.0] * 3)


def batches_of(images, sizes):
    return [
        Batch(some, torch.zeros(len(some), 1), torch.zeros(len(some)), torch.ones(len(some)))
        for some in images.split(sizes)
    ]


def test_the_first_layer_gets_the_mean_and_variance_of_the_images():
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(3)
    norm(torch.randn(4, 3, 8, 8) * 9)  # other statistics, to be forgotten
    module = nn.Sequential(norm, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1))
    weights = {k: v.clone() for k, v in module.named_parameters()}
    images = torch.randint(0, 256, (50, 1, 8, 8), dtype=torch.uint8)
    reestimate(model_of(module), batches_of(images, [20, 20, 10]))
    x = images.float().flatten() / 255
    assert norm.running_mean.allclose(x.mean().expand(3), atol=1e-5)
    of_batches = [s.var(unbiased=True) * len(s) for s in x.split([20 * 64, 20 * 64, 10 * 64])]
    assert norm.running_var.allclose((sum(of_batches) / len(x)).expand(3), rtol=1e-4)
    assert norm.momentum == 0.1
    assert all(value.equal(weights[name]) for name, value in module.named_parameters())


def test_modes_come_back_as_they_were():
    module = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                           nn.Linear(3, 1))  # fmt: skip
    module.train()
    module[0].eval()
    model = model_of(module)
    reestimate(model, batches_of(torch.zeros(4, 1, 8, 8, dtype=torch.uint8), [4]))
    assert [layer.training for layer in module] == [False, True, True, True, True]


def test_a_network_adapts_to_images_of_another_brightness():
    """The use of it: after it, darkened images give nearly the features of the original ones."""
    from medsmall.backbone.timm_network import TimmNetwork

    torch.manual_seed(0)
    network = TimmNetwork("test_resnet", None, None).build(1)
    model = model_of(network.module)
    images = torch.randint(0, 256, (40, 1, 32, 32), dtype=torch.uint8)
    reestimate(model, batches_of(images, [20, 20]))
    model.eval()
    original = model.outputs(images)
    dark = (images.float() / 2).to(torch.uint8)
    strange = model.outputs(dark)
    reestimate(model, batches_of(dark, [20, 20]))
    model.eval()
    adapted = model.outputs(dark)
    assert (adapted - original).abs().mean() < 0.1 * (strange - original).abs().mean()


@pytest.mark.parametrize(
    ("layer", "count"),
    [
        (nn.BatchNorm2d(3), 1),
        (nn.LayerNorm(3), 0),
        (nn.BatchNorm2d(3, track_running_stats=False), 0),
    ],
)
def test_layers_with_statistics_are_found(layer, count):
    assert len(with_statistics(nn.Sequential(layer))) == count
