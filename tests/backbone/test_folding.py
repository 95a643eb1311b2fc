"""A folded network gives what the network gives."""

import numpy as np
import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from medsmall.backbone.folding import folded
from medsmall.backbone.timm_module import timm_module
from medsmall.model import Model
from medsmall.targets import targets_of
from medsmall.task import Task

# BatchNorm layers that are left: DenseNet has most before its convolutions
LEFT = {"tf_efficientnet_lite0": 0, "densenet121": 62, "resnet50": 0, "test_resnet": 0}


def trained(name):
    """With statistics and weights of BatchNorm that are not the initial ones."""
    torch.manual_seed(0)
    module = timm_module(name, 2).eval()
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.1)
                for tensor in (layer.running_var, layer.weight):
                    tensor.uniform_(0.8, 1.2)
                layer.bias.normal_(0, 0.1)
    return module


@pytest.mark.parametrize("name", LEFT)
def test_folding_changes_predictions_in_their_last_digits_only(name):
    targets = targets_of(["a", "b"], Task.MULTILABEL)
    model = Model(trained(name), name, targets, [0.5] * 3, [0.25] * 3).eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    x = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (9, 1, 64, 64), np.uint8))
    scoring = folded(model)
    left = [layer for layer in scoring.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len(left) == LEFT[name]
    np.testing.assert_allclose(scoring.predict(x), model.predict(x), rtol=0, atol=1e-5)
    assert all(v.equal(before[k]) for k, v in model.state_dict().items()), "the model is unchanged"


class Twice(nn.Module):
    """A convolution that is used beside its BatchNorm, too."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, x):
        x = self.conv(x)
        return x + self.norm(x)


class Scaled(nn.Conv2d):
    """Its weights are not those it computes with."""

    def forward(self, x):
        return 2 * super().forward(x)


class Unclear(Twice):
    """What it does depends on its input."""

    def forward(self, x):
        return self.norm(self.conv(x)) if x.sum() > 0 else x


@pytest.mark.parametrize(
    "module",
    [
        Twice(),
        Unclear(),
        nn.Sequential(Scaled(3, 3, 1), nn.BatchNorm2d(3)),
        nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, track_running_stats=False)),
        nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), nn.BatchNorm2d(3)),
        nn.Sequential(nn.Conv2d(3, 3, 1), conv := nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), conv),
    ],
    ids=["used twice", "cannot be followed", "own", "batch statistics", "not next", "called twice"],
)  # fmt: skip
def test_what_cannot_be_folded_stays(module):
    x = torch.rand(4, 3, 5, 5)
    module.eval()
    after = folded(module)
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in after.modules())
    torch.testing.assert_close(after(x), module(x), rtol=0, atol=0)


def test_padding_that_depends_on_the_image_stays():
    module = nn.Sequential(Conv2dSame(3, 4, 3, stride=2), nn.BatchNorm2d(4)).eval()
    module[1].running_mean.normal_()
    x = torch.rand(2, 3, 9, 8)
    torch.testing.assert_close(folded(module)(x), module(x))
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in folded(module).modules())
