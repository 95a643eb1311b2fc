"""How initial weights enter a network: all but the head, bit by bit, or an error with names."""

import numpy as np
import pytest
import torch
from medsmall.pretraining.weights import Weights

from medsmall.audit.upstream import Seen
from medsmall.backbone.timm_network import TimmNetwork
from medsmall.errors import MedsmallError
from medsmall.pretraining.none import NoPretraining


def network(outputs=1, seed=0, name="test_resnet"):
    torch.manual_seed(seed)
    return TimmNetwork(name, None, None).build(outputs)


def state(net):
    return {name: tensor.clone() for name, tensor in net.module.state_dict().items()}


def upstream_state(outputs=5):
    """Another network's tensors, none of them equal to those of a new one."""
    tensors = state(network(outputs, seed=1))
    return {
        name: tensor + 3 if tensor.dtype == torch.long else tensor + 0.5
        for name, tensor in tensors.items()
    }


def weights_of(tensors, **more):
    return Weights("a test", "none", lambda net: tensors, **more)


@pytest.mark.parametrize("outputs", [1, 5])
def test_everything_but_the_head_is_copied_bit_by_bit_and_the_head_stays_random(outputs):
    net = network(outputs)
    before, given = state(net), upstream_state(outputs=5)
    weights_of(given).enter(net)
    assert net.head == ["fc.weight", "fc.bias"]
    for name, tensor in net.module.state_dict().items():
        if name in net.head:
            assert tensor.equal(before[name]), name
        else:
            assert tensor.equal(given[name]), name
            assert not tensor.equal(before[name]), name


def test_the_source_is_copied_not_shared():
    net, given = network(), upstream_state()
    kept = given["conv1.0.weight"].clone()
    weights_of(given).enter(net)
    with torch.no_grad():
        net.module.get_parameter("conv1.0.weight").zero_()
    assert given["conv1.0.weight"].equal(kept)


def test_without_weights_the_network_stays_as_it_was_made():
    net = network()
    before = state(net)
    mean, std = NoPretraining().weights(None, None).enter(net)
    assert all(tensor.equal(before[name]) for name, tensor in net.module.state_dict().items())
    assert (mean, std) == (net.mean, net.std)


def test_the_head_of_the_source_is_not_needed():
    given = {k: v for k, v in upstream_state().items() if not k.startswith("fc.")}
    net = network()
    weights_of(given).enter(net)
    assert net.module.state_dict()["layer1.0.bn1.bias"].equal(given["layer1.0.bn1.bias"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("layer1.0.bn1.running_var"), "layer1.0.bn1.running_var is missing"),
        (lambda s: s.pop("layer1.0.conv1.weight"), "layer1.0.conv1.weight is missing"),
        (lambda s: s.update({"extra.weight": torch.ones(2)}), "extra.weight is not in the network"),
        (
            lambda s: s.update({"bn1.weight": torch.ones(7)}),
            r"bn1.weight has shape \(7,\), not \(\d+,\)",
        ),
    ],
)
def test_a_tensor_missing_extra_or_of_another_shape_is_named(change, message):
    given = upstream_state()
    change(given)
    with pytest.raises(MedsmallError, match=f"1 tensors? differs?, first: {message}"):
        weights_of(given).enter(network())


def test_a_refused_source_leaves_the_network_as_it_was():
    net, given = network(), upstream_state()
    del given["layer4.0.conv1.weight"]
    before = state(net)
    with pytest.raises(MedsmallError):
        weights_of(given).enter(net)
    assert all(tensor.equal(before[name]) for name, tensor in net.module.state_dict().items())


def test_weights_of_another_network_are_refused_with_both_names():
    given = state(network(name="test_efficientnet"))
    with pytest.raises(MedsmallError, match="weights of a test do not fit backbone test_resnet"):
        weights_of(given).enter(network())


def test_statistics_of_the_weights_go_before_those_of_the_network():
    net = network()
    given = weights_of(upstream_state(), mean=[0.1, 0.2, 0.3], std=[0.4, 0.5, 0.6])
    assert given.enter(net) == ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])
    assert weights_of(upstream_state()).enter(net) == (net.mean, net.std)
    assert weights_of(upstream_state(), mean=[0.0] * 3).enter(net) == ([0.0] * 3, net.std)


def seen(**more):
    one = Seen("chexpert", frozenset({"p1", "p2", "p3"}), np.zeros((0, 4)), np.zeros((0, 16)), [])
    return weights_of({}, trained_on="chexpert", seen=(one,), **more)


def test_weights_that_saw_test_patients_are_refused_with_their_number_and_names():
    with pytest.raises(MedsmallError, match=r"on 2 of the 3 patients .*\(first: p2, p3\)"):
        seen().refuse_overlap("chexpert", {"p2", "p3", "p9"})


@pytest.mark.parametrize(
    ("weights", "dataset", "patients"),
    [
        (seen(), "chexpert", {"p9"}),
        (seen(), "mura", {"p2"}),  # patient numbers of two data sets have nothing in common
        (seen(allow_test_overlap=True), "chexpert", {"p2"}),
        (weights_of({}, trained_on="mura"), "chexpert", {"p2"}),
        (weights_of({}, trained_on="chexpert", allow_test_overlap=True), "chexpert", {"p2"}),
        (NoPretraining().weights(None, None), "chexpert", {"p2"}),
    ],
)
def test_weights_that_saw_none_or_are_allowed_pass(weights, dataset, patients):
    weights.refuse_overlap(dataset, patients)


def test_weights_trained_on_the_data_set_with_patients_unknown_are_refused():
    with pytest.raises(MedsmallError, match="on patients that nothing is known of"):
        weights_of({}, trained_on="chexpert").refuse_overlap("chexpert", {"p9"})
