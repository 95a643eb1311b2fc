"""TorchXRayVision's files in timm's DenseNet-121: the same features, for the same grey levels."""

import functools
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from random_networks import assert_same_features, films, randomised, timm_features
from torch import nn
from torchvision.models import densenet121

from medsmall.backbone.timm_network import TimmNetwork
from medsmall.configs import compose
from medsmall.errors import AbsentWeightsError, MedsmallError, SawTestError
from medsmall.pretraining import xrv
from medsmall.pretraining.xrv import TRAINED_ON, TorchXRayVision
from medsmall.schema import check


@functools.cache
def built(name):
    return TimmNetwork(name, None, None).build(1)


def network(name="densenet121"):
    """A network with nothing in it, made once: that takes a second."""
    made = built(name)
    for tensor in made.module.state_dict().values():
        tensor.zero_()
    return made


@pytest.fixture(scope="module")
def theirs():
    """torchvision's DenseNet-121 of one input channel."""
    made = densenet121(weights=None, num_classes=18)
    made.features.conv0 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
    made = randomised(made)
    made.features.norm0.running_var.mul_(1024.0**2)  # as after training on such inputs
    return made


@pytest.fixture(scope="module")
def file(theirs, tmp_path_factory):
    path = tmp_path_factory.mktemp("xrv") / "nih.pt"
    torch.save(theirs, path)
    return path


def loaded(path, weights="nih"):
    net = network()
    mean, std, _ = TorchXRayVision(weights, str(path)).source(None, None).open().load_into(net)
    return net, mean, std


def as_xrv(images):
    """Their documented range: 0 becomes -1024, 255 becomes 1024."""
    return (2 * (images.float() / 255) - 1) * 1024


def pooled(features):
    return nn.functional.relu(features).mean((2, 3))


def test_the_features_are_those_of_torchvisions_network_of_one_channel(theirs, file):
    net, mean, std = loaded(file)
    images = films()
    with torch.no_grad():
        expected = pooled(theirs.features(as_xrv(images)))
    assert_same_features(timm_features(net, images, mean, std), expected)


def test_every_tensor_is_theirs_and_the_first_convolution_a_third_per_channel(theirs, file):
    net, _, _ = loaded(file)
    own, state = net.module.state_dict(), theirs.state_dict()
    first = own.pop("features.conv0.weight")
    torch.testing.assert_close(first.sum(1, keepdim=True), state["features.conv0.weight"])
    assert first[:, 0].equal(first[:, 2])
    for name, tensor in own.items():
        assert name in net.head or tensor.equal(state[name]), name


def test_a_plain_state_dict_is_read_too(theirs, file, tmp_path):
    torch.save(theirs.state_dict(), tmp_path / "state.pt")
    found, expected = (
        loaded(path)[0].module.state_dict() for path in (tmp_path / "state.pt", file)
    )
    body = [name for name in expected if not name.startswith("classifier")]
    assert all(found[name].equal(expected[name]) for name in body)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
def test_the_features_are_those_of_torchxrayvisions_own_network(tmp_path, zipped):
    library = pytest.importorskip("torchxrayvision")
    theirs = randomised(library.models.DenseNet(in_channels=1))
    theirs.features.norm0.running_var.mul_(1024.0**2)
    torch.save(theirs, tmp_path / "nih.pt", _use_new_zipfile_serialization=zipped)
    net, mean, std = loaded(tmp_path / "nih.pt")
    images = films()
    normal = np.stack([library.utils.normalize(one, 255) for one in images.numpy()])
    with torch.no_grad():
        expected = theirs.features2(torch.from_numpy(normal))
    assert_same_features(timm_features(net, images, mean, std), expected)


@pytest.mark.parametrize("weights", TRAINED_ON)
def test_the_files_are_called_as_torchxrayvision_calls_them(weights):
    library = pytest.importorskip("torchxrayvision")
    source = TorchXRayVision(weights, None)
    assert source.url == library.models.model_urls[weights]["weights_url"]
    assert source.path.parent == Path(library.utils.get_cache_dir())
    assert source.path.name == os.path.basename(source.url)


@pytest.mark.parametrize("name", ["resnet50", "densenet169", "densenet121_x"])
def test_another_backbone_is_refused_before_anything_is_fetched(file, name, monkeypatch):
    monkeypatch.setattr(xrv, "reachable", lambda url: pytest.fail("asked"))
    cfg = SimpleNamespace(backbone=SimpleNamespace(name=name))
    with pytest.raises(MedsmallError, match=f"is {name}: set backbone=densenet121"):
        TorchXRayVision("nih", None).reach(cfg)
    with pytest.raises(MedsmallError, match="set backbone=densenet121"):
        TorchXRayVision("nih", str(file)).source(None, None).open().tensors(network("test_resnet"))


def test_any_tag_of_the_backbone_will_do(file):
    cfg = SimpleNamespace(backbone=SimpleNamespace(name="densenet121.tv_in1k"))
    TorchXRayVision("nih", str(file)).reach(cfg)


CFG = SimpleNamespace(backbone=SimpleNamespace(name="densenet121"))


def test_an_absent_file_out_of_reach_is_one_sentence_with_address_and_place(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(xrv, "reachable", lambda url: False)
    source = TorchXRayVision("chex", None)
    with pytest.raises(AbsentWeightsError) as error:
        source.reach(CFG)
    assert source.url in str(error.value)
    assert f"{tmp_path}/.torchxrayvision/models_data/chex-densenet121" in str(error.value)
    monkeypatch.setattr(xrv, "reachable", lambda url: True)
    source.reach(CFG)


def test_a_file_in_its_place_is_neither_asked_for_nor_fetched(tmp_path, monkeypatch, file):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("reachable", "download"):
        monkeypatch.setattr(xrv, name, lambda *args: pytest.fail("asked"))
    source = TorchXRayVision("nih", None)
    source.path.parent.mkdir(parents=True)
    source.path.symlink_to(file)
    source.reach(CFG)
    net = network()
    source.source(None, None).open().load_into(net)
    assert net.module.state_dict()["features.norm5.bias"].any()


def test_an_absent_file_is_fetched_when_opened_and_has_its_identity_before(
    tmp_path, monkeypatch, file
):
    monkeypatch.setenv("HOME", str(tmp_path))
    fetched = []

    def fetch(url, path):
        fetched.append(url)
        path.parent.mkdir(parents=True)
        path.write_bytes(file.read_bytes())

    monkeypatch.setattr(xrv, "download", fetch)
    source = TorchXRayVision("pc", None)
    before = source.source(None, None)
    assert fetched == []
    before.open()
    assert fetched == [source.url]
    assert source.source(None, None).fingerprint == before.fingerprint
    assert before.fingerprint != TorchXRayVision("rsna", None).source(None, None).fingerprint


def test_a_path_without_a_file_and_a_file_that_changes_are_told(tmp_path, file):
    with pytest.raises(AbsentWeightsError, match=f"there is no file {tmp_path}/no.pt"):
        TorchXRayVision("nih", str(tmp_path / "no.pt"))
    copy = tmp_path / "nih.pt"
    copy.write_bytes(file.read_bytes())
    source = TorchXRayVision("nih", str(copy)).source(None, None)
    copy.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(MedsmallError, match="has changed since the run began"):
        source.open()


def test_where_they_come_from_is_told(file):
    told = TorchXRayVision("nih", str(file)).source(None, None).provenance()
    assert told["licence"] == "Apache-2.0"
    assert told["file"] == str(file)
    assert len(told["sha256"]) == 64
    assert told["url"].endswith("/nih-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt")


@pytest.mark.parametrize(
    ("weights", "target", "why"),
    [
        ("nih", "chestxray14", "on chestxray14, on unknown patients"),
        ("rsna", "chestxray14", "rsna_pneumonia is made of chestxray14"),
        ("all", "chestxray14", "on chestxray14, on unknown patients"),
        ("all", "chexpert", "on chexpert"),
        ("chex", "chexpert", "on chexpert"),
        ("all", "rsna_pneumonia", "rsna_pneumonia"),
        ("nih", "nih_google", "nih_google is made of chestxray14"),
        ("nih", "chestmnist", "chestmnist is made of chestxray14"),
    ],
)
def test_a_test_set_of_the_same_films_is_stopped_unless_allowed(file, weights, target, why):
    source = TorchXRayVision(weights, str(file)).source(None, None)
    with pytest.raises(SawTestError, match=why):
        source.refuse_overlap(target, {"1"})
    allowed = TorchXRayVision(weights, str(file), True).source(None, None)
    (notice,) = allowed.refuse_overlap(target, {"1"})
    assert why in notice


@pytest.mark.parametrize(
    ("weights", "target"),
    [("chex", "chestxray14"), ("mimic_ch", "chexpert"), ("pc", "chest_xray"), ("all", "mura")],
)
def test_other_films_go_through(file, weights, target):
    source = TorchXRayVision(weights, str(file)).source(None, None)
    assert source.refuse_overlap(target, {"1"}) == []
    assert source.tell_overlap(target, {"1"}) == []


def test_an_unknown_choice_is_refused_by_the_schema():
    with pytest.raises(MedsmallError, match=r"pretraining\.weights must be one of all, nih"):
        check(compose(["pretraining=xrv", "pretraining.weights=kaggle"]))


@pytest.mark.slow
def test_a_whole_run_records_where_its_weights_come_from(train_small, file):
    from medsmall.record import Record

    folder = train_small(
        "backbone=densenet121", "pretraining=xrv", "pretraining.weights=chex",
        f"pretraining.path={file}", "image_size_px=32", "trainer.max_epochs=1",
    )  # fmt: skip
    metrics = Record.open(folder).metrics
    assert metrics["pretraining"] == "TorchXRayVision chex"
    assert metrics["provenance"]["url"].endswith(
        "chex-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt"
    )
    assert metrics["initial_sha256"]
