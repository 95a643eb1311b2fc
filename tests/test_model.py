"""The weights on disk: what went in comes out, and equal networks have equal hashes."""

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from medsmall.backbone.timm_network import TimmNetwork
from medsmall.pretraining.file import statistics
from medsmall.run.weights_file import sha256, write_weights

MEAN, STD = [127 / 255, 1 / 3, 0.1], [128 / 255, 2 / 3, 0.2]


@pytest.fixture
def tensors():
    torch.manual_seed(0)
    module = TimmNetwork("test_resnet", None, None).build(2).module
    return module.to(memory_format=torch.channels_last).state_dict()


def test_tensors_come_back_bit_by_bit_even_if_they_lie_channels_last(tmp_path, tensors):
    assert any(not tensor.is_contiguous() for tensor in tensors.values())
    path = tmp_path / "model.safetensors"
    write_weights(path, tensors, MEAN, STD)
    back = load_file(path)
    assert back.keys() == tensors.keys()
    for name, tensor in back.items():
        assert tensor.equal(tensors[name])
        assert tensor.dtype == tensors[name].dtype


def test_the_file_says_what_it_is_and_its_statistics_to_nine_digits(tmp_path, tensors):
    path = tmp_path / "model.safetensors"
    write_weights(path, tensors, MEAN, STD, backbone="test_resnet", targets="Hernia|Edema")
    with safe_open(path, "pt") as file:
        about = file.metadata()
    assert about["backbone"] == "test_resnet"
    assert about["targets"] == "Hernia|Edema"
    found = statistics(path)
    assert found["mean"] == pytest.approx(MEAN, rel=1e-8)
    assert found["std"] == pytest.approx(STD, rel=1e-8)
    as_float32 = torch.tensor(found["mean"])
    assert as_float32.equal(torch.tensor(MEAN))  # what a network normalises with


def test_the_hash_is_of_names_and_values_not_of_order_or_layout(tensors):
    turned = {name: tensors[name].contiguous() for name in reversed(tensors)}
    assert sha256(turned) == sha256(tensors)


def test_a_changed_value_or_name_changes_the_hash(tensors):
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


def test_half_precision_has_a_hash_and_a_file(tmp_path):
    tensors = {"a": torch.ones(2, 3, dtype=torch.bfloat16)}
    write_weights(tmp_path / "m.safetensors", tensors, MEAN, STD)
    assert load_file(tmp_path / "m.safetensors")["a"].equal(tensors["a"])
    assert sha256(tensors) != sha256({"a": torch.zeros(2, 3, dtype=torch.bfloat16)})
