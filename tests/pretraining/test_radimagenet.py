"""RadImageNet's files in timm's networks: the features are those of torchvision's networks."""

from types import SimpleNamespace

import pytest
import torch
import torchvision
from random_networks import assert_same_features, films, randomised, timm_features
from torch import nn

from medsmall.backbone.timm_network import TimmNetwork
from medsmall.errors import AbsentWeightsError, MedsmallError, SawTestError
from medsmall.pretraining.radimagenet import LAYERS, RadImageNet

SIDE = {"resnet50": 64, "densenet121": 64, "inception_v3": 80}  # Inception takes no less than 75


class Backbone(nn.Module):
    """As the authors' notebook makes it of a network of torchvision."""

    def __init__(self, network, end):
        super().__init__()
        self.backbone = nn.Sequential(*list(network.children())[:end])


def theirs(name, **options):
    more = {"init_weights": False, **options} if name == "inception_v3" else options
    made = randomised(getattr(torchvision.models, name)(weights=None, num_classes=165, **more))
    made.transform_input = False
    return made


def saved(network, end, path):
    torch.save(Backbone(network, end).state_dict(), path)
    return path


def features(network, images):
    """Pooled features (B, F): what torchvision's last layer gets of (grey - 127.5) * 2 / 255."""
    caught = []
    last = network.fc if hasattr(network, "fc") else network.classifier
    hook = last.register_forward_pre_hook(lambda layer, inputs: caught.append(inputs[0]))
    with torch.no_grad():
        network((images.expand(-1, 3, -1, -1).float() - 127.5) * 2 / 255)
    hook.remove()
    return caught[0]


# with the last layer in the file, too, or not; Inception with and without its auxiliary classifier
CASES = {
    "resnet50": ("resnet50", 9, {}),
    "resnet50 to the end": ("resnet50", None, {}),
    "densenet121": ("densenet121", -1, {}),
    "densenet121 to the end": ("densenet121", 9, {}),
    "inception_v3 with aux": ("inception_v3", -1, {"aux_logits": True}),
    "inception_v3 without": ("inception_v3", -1, {"aux_logits": False}),
    "inception_v3 to the end": ("inception_v3", None, {"aux_logits": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_features_are_those_of_torchvisions_network(tmp_path, case):
    name, end, options = CASES[case]
    network = theirs(name, **options)
    path = saved(network, end, tmp_path / "theirs.pt")
    net = TimmNetwork(name, None, None).build(1)
    mean, std, _ = RadImageNet(str(path)).source(None, None).open().load_into(net)
    images = films(side=SIDE[name])
    expected = features(network, images)
    assert_same_features(timm_features(net, images, mean, std), expected)


def test_places_may_leave_out_layers_without_tensors(tmp_path):
    """Older versions of torchvision have no module for the pooling of Inception."""
    network = theirs("inception_v3", aux_logits=False)
    layers = [one for one in network.children() if list(one.parameters())][:-1]
    packed = nn.Module()
    packed.backbone = nn.Sequential(*layers)
    torch.save(packed.state_dict(), tmp_path / "packed.pt")
    full = saved(network, -1, tmp_path / "full.pt")
    net = TimmNetwork("inception_v3", None, None).build(1)
    found, expected = (
        RadImageNet(str(path)).source(None, None).open().tensors(net)
        for path in (tmp_path / "packed.pt", full)
    )
    assert found.keys() == expected.keys()
    assert all(tensor.equal(expected[name]) for name, tensor in found.items())
    assert len(torch.load(full)) == len(found) > 100


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return saved(theirs("resnet50"), 9, tmp_path_factory.mktemp("rin") / "ResNet50.pt")


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet18", "resnet50x"])
def test_another_backbone_is_refused_with_those_there_are(file, name):
    cfg = SimpleNamespace(backbone=SimpleNamespace(name=name))
    with pytest.raises(MedsmallError, match=f"resnet50, densenet121, inception_v3, but .* {name}"):
        RadImageNet(str(file)).reach(cfg)


@pytest.mark.parametrize("name", [*LAYERS, "resnet50.tv_in1k"])
def test_its_own_backbones_pass(file, name):
    RadImageNet(str(file)).reach(SimpleNamespace(backbone=SimpleNamespace(name=name)))


def test_the_file_of_another_backbone_is_told_by_its_layers(file):
    net = TimmNetwork("densenet121", None, None).build(1)
    with pytest.raises(MedsmallError, match="has 6 layers, but densenet121 1: set the backbone"):
        RadImageNet(str(file)).source(None, None).open().load_into(net)


def test_a_file_in_another_layout_is_one_sentence(tmp_path):
    net = TimmNetwork("resnet50", None, None).build(1)
    torch.save(net.module.state_dict(), tmp_path / "plain.pt")
    source = RadImageNet(str(tmp_path / "plain.pt")).source(None, None)
    with pytest.raises(MedsmallError, match=r"begin like backbone\.0, but one is conv1"):
        source.open().load_into(net)


def test_an_absent_file_tells_where_the_authors_give_it(tmp_path):
    with pytest.raises(AbsentWeightsError, match=r"no\.pt; github\.com/BMEII-AI/RadImageNet"):
        RadImageNet(str(tmp_path / "no.pt"))


def test_the_licence_is_told_once_and_recorded(file):
    source = RadImageNet(str(file)).source(None, None)
    (notice,) = source.notices
    assert "for research alone" in notice
    assert notice.count(". ") == 0  # one sentence
    told = source.provenance()
    assert told["licence"] == "research only"
    assert told["file"] == str(file)
    assert len(told["sha256"]) == 64


def test_what_it_was_trained_on_is_known(file):
    source = RadImageNet(str(file)).source(None, None)
    assert [one.dataset for one in source.seen()] == ["radimagenet"]
    assert source.refuse_overlap("chestxray14", {"1"}) == []
    with pytest.raises(SawTestError, match="radimagenet, on unknown patients"):
        source.refuse_overlap("radimagenet", {"1"})


def test_a_file_that_changes_is_told_and_equal_tensors_are_one_identity(file, tmp_path):
    copy = tmp_path / "copy.pt"
    tensors = torch.load(file)
    torch.save(dict(reversed(tensors.items())), copy)
    source = RadImageNet(str(copy)).source(None, None)
    assert source.fingerprint == RadImageNet(str(file)).source(None, None).fingerprint
    torch.save({**tensors, "backbone.1.bias": tensors["backbone.1.bias"] + 1}, copy)
    with pytest.raises(MedsmallError, match="has changed since the run began"):
        source.open()


@pytest.mark.slow
def test_a_whole_run_tells_and_records_the_licence(train_small, file, capsys):
    from medsmall.record import Record

    folder = train_small(
        "backbone=resnet50", "pretraining=radimagenet", f"pretraining.path={file}",
        "image_size_px=32", "trainer.max_epochs=1",
    )  # fmt: skip
    assert capsys.readouterr().err.count("for research alone") == 1
    metrics = Record.open(folder).metrics
    assert metrics["provenance"]["licence"] == "research only"
    assert any("for research alone" in notice for notice in metrics["notices"])
