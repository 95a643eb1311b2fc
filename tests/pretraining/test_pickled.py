"""Networks saved whole: their tensors are read, nothing of them is run."""

import pickle
from collections import OrderedDict

import pytest
import torch
from random_networks import randomised
from torch import nn

from medsmall.errors import MedsmallError
from medsmall.pretraining.pickled import network_tensors

FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])


def small():
    return randomised(
        nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(1, 4, 3, bias=False),
                norm=nn.BatchNorm2d(4),
                inner=nn.Sequential(nn.ReLU(), nn.Conv2d(4, 2, 1)),
                pool=nn.AdaptiveAvgPool2d(1),
            )
        )
    )


def saved(network, path, zipped):
    torch.save(network, path, _use_new_zipfile_serialization=zipped)
    return path


@FORMATS
def test_the_tensors_are_those_of_its_state_dict(tmp_path, zipped):
    network = small()
    network.register_buffer("passing", torch.ones(3), persistent=False)
    network.register_buffer("absent", None)
    found = network_tensors(saved(network, tmp_path / "a.pt", zipped))
    expected = network.state_dict()
    assert list(found) == list(expected)
    assert "inner.1.bias" in found
    assert "passing" not in found
    for name, tensor in found.items():
        assert tensor.equal(expected[name])
        assert not tensor.requires_grad


@FORMATS
def test_networks_that_lack_what_younger_versions_added_are_read(tmp_path, zipped):
    network = small()
    expected = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for module in network.modules():
        del module.__dict__["_non_persistent_buffers_set"]
    found = network_tensors(saved(network, tmp_path / "a.pt", zipped))
    assert all(found[name].equal(tensor) for name, tensor in expected.items())


def test_networks_saved_on_a_gpu_are_read_without_one(tmp_path):
    network = small()
    path = saved(network, tmp_path / "a.pt", zipped=False)
    content = path.read_bytes()
    there = {
        b"ctorch\nFloatStorage\n": b"ctorch.cuda\nFloatStorage\n",
        b"X\x03\x00\x00\x00cpu": b"X\x06\x00\x00\x00cuda:0",
    }
    for here, gpu in there.items():
        assert here in content
        content = content.replace(here, gpu)
    path.write_bytes(content)
    found, expected = network_tensors(path), network.state_dict()
    assert all(tensor.equal(expected[name]) for name, tensor in found.items())
    assert {tensor.device.type for tensor in found.values()} == {"cpu"}


@FORMATS
def test_a_state_dict_is_read_as_it_is(tmp_path, zipped):
    state = small().state_dict()
    found = network_tensors(saved(state, tmp_path / "a.pt", zipped))
    assert all(found[name].equal(tensor) for name, tensor in state.items())
    assert len(found) == len(state) > 5


class Harm:
    """What a file would do to whoever makes its classes."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


@FORMATS
@pytest.mark.parametrize("place", ["alone", "within"])
def test_a_file_that_runs_code_is_refused_and_not_run(tmp_path, zipped, place):
    harm = Harm(str(tmp_path / "harm"))
    network = small()
    network.conv.more = harm
    path = saved(harm if place == "alone" else network, tmp_path / "a.pt", zipped)
    harmful = "_?io.open"
    with pytest.raises(MedsmallError, match=rf"{path} is not a readable .*names {harmful}"):
        network_tensors(path)
    assert not (tmp_path / "harm").exists()


@FORMATS
def test_another_class_is_named(tmp_path, zipped):
    path = saved(nn.Sequential(nn.LSTM(2, 2)), tmp_path / "a.pt", zipped)
    with pytest.raises(MedsmallError, match=r"names torch\.nn\.modules\.rnn\.LSTM"):
        network_tensors(path)


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "torch.load", "torch.hub.load"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_bare_pickle_reaches_no_function(tmp_path, name, protocol):
    module, _, function = name.rpartition(".")
    words = (
        f"c{module}\n{function}\n".encode()
        if protocol == 2
        else b"".join(
            pickle.SHORT_BINUNICODE + bytes([len(word)]) + word.encode()
            for word in (module, function)
        )
        + pickle.STACK_GLOBAL
    )
    path = tmp_path / "a.pt"
    path.write_bytes(pickle.PROTO + bytes([protocol]) + words + b"(X\x02\x00\x00\x0010tR.")
    with pytest.raises(MedsmallError, match=rf"names {name}, which might run code"):
        network_tensors(path)


def test_a_torchscript_archive_is_refused(tmp_path):
    torch.jit.trace(small(), torch.zeros(1, 1, 8, 8)).save(str(tmp_path / "a.pt"))
    with pytest.raises(MedsmallError, match="is not a readable weights file"):
        network_tensors(tmp_path / "a.pt")


@pytest.mark.parametrize("content", [[1], 3, {"epoch": 3}, {1: torch.ones(2)}, None])
def test_anything_else_is_one_sentence(tmp_path, content):
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(MedsmallError, match="is not a readable|entries that are not tensors"):
        network_tensors(tmp_path / "a.pt")


@FORMATS
def test_a_network_that_holds_itself_is_one_sentence(tmp_path, zipped):
    network = small()
    network.inner._modules["again"] = network
    with pytest.raises(MedsmallError, match=r"not a readable .*RecursionError"):
        network_tensors(saved(network, tmp_path / "a.pt", zipped))


@FORMATS
def test_a_file_cut_off_is_one_sentence(tmp_path, zipped):
    path = saved(small(), tmp_path / "a.pt", zipped)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(MedsmallError, match="may be cut off"):
        network_tensors(path)
