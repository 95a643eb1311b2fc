"""How initial weights enter a network: all but the head, bit by bit, or an error with names."""

import pytest
import torch

from medsmall.backbone.timm_network import TimmNetwork
from medsmall.backbone.weights import Weights, sha256
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
    return Weights("a test", lambda net: tensors, **more)


@pytest.mark.parametrize("outputs", [1, 5])
def test_everything_but_the_head_is_copied_bit_by_bit_and_the_head_stays_random(outputs):
    net = network(outputs)
    before, given = state(net), upstream_state(outputs=5)
    weights_of(given).load_into(net)
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
    weights_of(given).load_into(net)
    with torch.no_grad():
        net.module.get_parameter("conv1.0.weight").zero_()
    assert given["conv1.0.weight"].equal(kept)


def test_without_weights_the_network_stays_as_it_was_made():
    net = network()
    before = state(net)
    loaded = NoPretraining().source(None, None).open().load_into(net)
    assert all(tensor.equal(before[name]) for name, tensor in net.module.state_dict().items())
    assert loaded == (net.mean, net.std, None)


def test_the_head_of_the_source_is_not_needed():
    given = {k: v for k, v in upstream_state().items() if not k.startswith("fc.")}
    net = network()
    weights_of(given).load_into(net)
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
        weights_of(given).load_into(network())


def test_a_refused_source_leaves_the_network_as_it_was():
    net, given = network(), upstream_state()
    del given["layer4.0.conv1.weight"]
    before = state(net)
    with pytest.raises(MedsmallError):
        weights_of(given).load_into(net)
    assert all(tensor.equal(before[name]) for name, tensor in net.module.state_dict().items())


def test_weights_of_another_network_are_refused_with_both_names():
    given = state(network(name="test_efficientnet"))
    with pytest.raises(MedsmallError, match="weights of a test do not fit backbone test_resnet"):
        weights_of(given).load_into(network())


def test_statistics_of_the_weights_go_before_those_of_the_network():
    net = network()
    given = weights_of(upstream_state(), mean=[0.1, 0.2, 0.3], std=[0.4, 0.5, 0.6])
    assert given.load_into(net)[:2] == ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])
    assert weights_of(upstream_state()).load_into(net)[:2] == (net.mean, net.std)
    assert weights_of(upstream_state(), mean=[0.0] * 3).load_into(net)[:2] == ([0.0] * 3, net.std)


def test_the_hash_is_that_of_the_tensors_as_they_were_given_with_their_head():
    given = upstream_state()
    loaded = weights_of(given).load_into(network())[2]
    assert loaded == sha256(given)
    headless = {k: v for k, v in given.items() if not k.startswith("fc.")}
    assert weights_of(headless).load_into(network())[2] == sha256(headless) != loaded


def test_counters_that_older_files_lack_are_no_difference():
    given = {k: v for k, v in upstream_state().items() if not k.endswith("num_batches_tracked")}
    net = network()
    weights_of(given).load_into(net)
    found = net.module.state_dict()
    assert len(given) < len(found)
    assert all(found[k].equal(v) for k, v in given.items() if k not in net.head)


def test_no_tensor_is_asked_for_before_there_is_a_network_to_fill():
    asked = []

    def tensors(net):
        asked.append(net)
        return upstream_state()

    weights, net = Weights("a test", tensors), network()
    assert asked == []
    weights.load_into(net)
    assert asked == [net]


def test_the_hash_is_of_names_and_values_not_of_order_or_layout():
    module = network().module.to(memory_format=torch.channels_last)
    tensors = module.state_dict()
    assert any(not tensor.is_contiguous() for tensor in tensors.values())
    turned = {name: tensors[name].contiguous() for name in reversed(tensors)}
    assert sha256(turned) == sha256(tensors)


def test_a_changed_value_or_name_changes_the_hash():
    tensors = state(network())
    hashes = {sha256(tensors)}
    changed = {name: tensor.clone() for name, tensor in tensors.items()}
    changed["fc.bias"][0] += 1e-6
    hashes.add(sha256(changed))
    counted = {name: tensor.clone() for name, tensor in tensors.items()}
    counted["bn1.num_batches_tracked"] += 1
    hashes.add(sha256(counted))
    swapped = dict(tensors)
    swapped["fc.weight2"] = swapped.pop("fc.weight")
    hashes.add(sha256(swapped))
    assert len(hashes) == 4


def test_half_precision_has_a_hash():
    ones = {"a": torch.ones(2, 3, dtype=torch.bfloat16)}
    assert sha256(ones) == sha256({"a": torch.ones(2, 3, dtype=torch.bfloat16)})
    assert sha256(ones) != sha256({"a": torch.zeros(2, 3, dtype=torch.bfloat16)})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_damaged_weights_are_refused_by_name(value):
    given = upstream_state(outputs=1)
    given["conv1.0.weight"][0] = value
    with pytest.raises(MedsmallError, match=r"hold NaN or infinity \(first: conv1.0.weight\)"):
        weights_of(given).load_into(network())
