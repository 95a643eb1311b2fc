"""The plain CNN is a network as timm's are, and images may be scaled one by one."""

import pytest
import torch
from small_run import HERNIA

from medsmall.backbone.timm_module import timm_module
from medsmall.backbone.timm_network import TimmNetwork
from medsmall.configs import compose
from medsmall.model import Model
from medsmall.targets import targets_of
from medsmall.task import Task
from medsmall.train import train


def small(samplewise=False, name="small_cnn", outputs=2):
    torch.manual_seed(0)
    return TimmNetwork(name, None, None, samplewise=samplewise).build(outputs)


def test_it_has_a_body_in_two_groups_and_a_head():
    network = small()
    assert network.head == ["fc.weight", "fc.bias"]
    assert len(network.groups) == 3
    names = {name for name, _ in network.module.named_parameters()}
    assert {name for group in network.groups for name in group} == names
    assert sum(p.numel() for p in network.module.parameters()) == pytest.approx(0.24e6, rel=0.05)


@pytest.mark.parametrize("side", [32, 50, 224])
def test_it_takes_images_of_any_size(side):
    module = small().module.eval()
    x = torch.randn(3, 3, side, side)
    assert module(x).shape == (3, 2)
    features = module.forward_features(x)
    torch.testing.assert_close(module.forward_head(features), module(x))
    module.reset_classifier(0)
    assert module(x).shape == (3, 128)


@pytest.mark.parametrize("name", ["small_cnn", "test_resnet"])
def test_samplewise_neither_contrast_nor_brightness_of_an_image_matters(name):
    module = small(samplewise=True, name=name).module.eval()
    x = torch.rand(4, 3, 48, 48)
    scale, shift = torch.rand(4, 1, 1, 1) + 0.5, torch.rand(4, 1, 1, 1)
    torch.testing.assert_close(module(x), module(scale * x + shift), rtol=1e-3, atol=1e-4)
    plain = small(name=name).module.eval()
    assert not torch.allclose(plain(x), plain(scale * x + shift), rtol=1e-2)
    standard = (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), correction=0, keepdim=True)
    torch.testing.assert_close(module(x), plain(standard), rtol=1e-3, atol=1e-4)
    assert module(torch.full((1, 3, 48, 48), 0.3)).isfinite().all()


def test_a_saved_model_scales_images_again(tmp_path):
    network = small(samplewise=True)
    targets = targets_of(["a", "b"], Task.MULTILABEL)
    model = Model(
        network.module, network.architecture, targets, network.mean, network.std, network.arguments
    ).eval()
    model.save(tmp_path / "model.safetensors")
    loaded = Model.load(tmp_path / "model.safetensors")
    images = torch.randint(0, 256, (2, 1, 40, 40), dtype=torch.uint8)
    assert loaded(images).equal(model(images))
    assert timm_module("small_cnn", 2, {"samplewise": True})._forward_pre_hooks


@pytest.mark.parametrize("backbone", ["small_cnn", "resnet18", "mobilenet"])
def test_it_trains_and_its_features_are_taken(backbone, outputs):
    words = [*HERNIA, f"backbone={backbone}", f"output_root={outputs}", "strategy=scratch"]
    images = ["image_size_px=32", "trainer.max_epochs=1", "augmentation.tta_views=0"]
    if backbone != "resnet18":
        images.append("backbone.samplewise=true")
    record = train(compose([*words, *images]))
    assert record.model.is_file()
    probed = train(compose([*words, *images, "learner=probe"]))
    assert probed.metrics["test"]["n"] == record.metrics["test"]["n"]
    pixels = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
    assert Model.load(record.model).predict(pixels).shape == (1, 1)
