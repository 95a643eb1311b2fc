"""Weights from files of every kind, good and broken."""

import pytest
import torch
from safetensors.torch import save_file

from medsmall.backbone.timm_network import TimmNetwork
from medsmall.backbone.weights import sha256
from medsmall.errors import MedsmallError
from medsmall.model import numbers
from medsmall.pretraining.file import WeightsFile


def network():
    return TimmNetwork("test_resnet", None, None).build(1)


@pytest.fixture(scope="module")
def tensors():
    torch.manual_seed(3)
    return TimmNetwork("test_resnet", None, None).build(4).module.state_dict()


def source(path, mean=None, std=None, **more):
    return WeightsFile(str(path), mean, std, "unknown", **more).source(None, None)


def weights(path, mean=None, std=None):
    return source(path, mean, std).open()


def write_with_statistics(path, tensors, mean, std):
    save_file(tensors, path, metadata={"mean": numbers(mean), "std": numbers(std)})


def assert_loaded(net, tensors):
    for name, tensor in net.module.state_dict().items():
        assert name in net.head or tensor.equal(tensors[name]), name


def safetensors_file(path, tensors):
    save_file(tensors, path)


def state_dict_file(path, tensors):
    torch.save(tensors, path)


def checkpoint_file(path, tensors):
    torch.save({"epoch": 3, "state_dict": tensors}, path)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("model.safetensors", safetensors_file),
        ("model.pth", state_dict_file),
        ("model.pt", checkpoint_file),
    ],
)
def test_every_kind_of_file_enters_and_leaves_the_statistics_to_the_backbone(
    tmp_path, tensors, name, write
):
    write(tmp_path / name, tensors)
    net = network()
    assert weights(tmp_path / name).load_into(net) == (net.mean, net.std, sha256(tensors))
    assert_loaded(net, tensors)


def test_a_runs_own_file_brings_its_statistics_along(tmp_path, tensors):
    mean, std = [127 / 255, 0.1, 0.2], [128 / 255, 0.3, 0.4]
    path = tmp_path / "model.safetensors"
    write_with_statistics(path, tensors, mean, std)
    net = network()
    used = weights(path).load_into(net)
    assert used[0] == pytest.approx(mean, rel=1e-8)
    assert used[1] == pytest.approx(std, rel=1e-8)
    assert_loaded(net, tensors)


def test_statistics_given_go_before_those_in_the_file(tmp_path, tensors):
    path = tmp_path / "model.safetensors"
    write_with_statistics(path, tensors, [0.1] * 3, [0.2] * 3)
    assert weights(path, mean=0.5).load_into(network())[:2] == ([0.5] * 3, [0.2] * 3)
    assert weights(path, std=[1, 2, 3]).load_into(network())[:2] == ([0.1] * 3, [1, 2, 3])
    assert weights(path, mean=0.0).mean == [0.0] * 3  # a black image is a statistic too


@pytest.mark.parametrize("argument", ["mean", "std"])
@pytest.mark.parametrize("value", [[0.1, 0.2], [], [0.1] * 4])
def test_two_or_four_statistics_are_refused(tmp_path, tensors, argument, value):
    torch.save(tensors, tmp_path / "model.pth")
    with pytest.raises(MedsmallError, match="take one number or three"):
        weights(tmp_path / "model.pth", **{argument: value})


def test_a_standard_deviation_of_zero_is_refused(tmp_path, tensors):
    torch.save(tensors, tmp_path / "model.pth")
    with pytest.raises(MedsmallError, match=r"pretraining\.std must be above 0"):
        weights(tmp_path / "model.pth", std=0.0)


def test_a_missing_file_is_named_with_its_full_path(tmp_path):
    with pytest.raises(MedsmallError, match=f"there is no file {tmp_path}/no.pth"):
        weights(tmp_path / "no.pth")
    with pytest.raises(MedsmallError, match="there is no file"):  # but a folder
        weights(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "model.pth", "model.bin"])
@pytest.mark.parametrize("content", [b"", b"no weights at all", b"\x80\x02N."])
def test_a_file_that_holds_no_weights_is_one_sentence(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MedsmallError, match=f"{path} is not a readable weights file"):
        weights(path).load_into(network())


def test_a_file_cut_off_is_one_sentence(tmp_path, tensors):
    path = tmp_path / "model.safetensors"
    save_file(tensors, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(MedsmallError, match="is not a readable weights file"):
        weights(path).load_into(network())


def test_a_file_that_runs_code_is_not_run(tmp_path):
    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    torch.save(Harm(), tmp_path / "model.pth")
    with pytest.raises(MedsmallError, match="is not a readable weights file"):
        weights(tmp_path / "model.pth").load_into(network())
    assert not (tmp_path / "harm").exists()


def test_tensors_of_something_else_are_told_apart(tmp_path):
    save_file({"features": torch.ones(2), "labels": torch.ones(2)}, tmp_path / "a.safetensors")
    with pytest.raises(MedsmallError, match=r"None of the 2 tensors .*first: features, labels"):
        weights(tmp_path / "a.safetensors").load_into(network())


@pytest.mark.parametrize(
    "content", [{"state_dict": [1]}, [1], 3, {"state_dict": None}, {1: torch.ones(2)}, {}]
)
def test_a_checkpoint_of_anything_else_is_one_sentence(tmp_path, content):
    torch.save(content, tmp_path / "model.pth")
    with pytest.raises(
        MedsmallError, match="is not a readable|entries that are not tensors|None of the 0"
    ):
        weights(tmp_path / "model.pth").load_into(network())


def test_a_checkpoint_with_other_entries_is_told_apart(tmp_path, tensors):
    torch.save({"model": tensors, "epoch": 3}, tmp_path / "model.pth")
    with pytest.raises(MedsmallError, match=r"entries that are not tensors \(model, epoch\)"):
        weights(tmp_path / "model.pth").load_into(network())


def test_the_fingerprint_is_that_of_the_content(tmp_path, tensors):
    changed = {**tensors, "fc.bias": tensors["fc.bias"] + 1}
    for name, content in (("a", tensors), ("b", tensors), ("c", changed)):
        save_file(content, tmp_path / f"{name}.safetensors")
    a, b, c = (source(tmp_path / f"{name}.safetensors").fingerprint for name in "abc")
    assert a == b != c


def test_statistics_in_the_file_are_part_of_its_fingerprint(tmp_path, tensors):
    found = set()
    for i, (mean, std) in enumerate([(0.1, 0.2), (0.3, 0.2), (0.1, 0.4)]):
        path = tmp_path / f"{i}.safetensors"
        write_with_statistics(path, tensors, [mean] * 3, [std] * 3)
        found.add(source(path).fingerprint)
    assert len(found) == 3


def test_a_file_that_is_written_anew_has_a_new_fingerprint(tmp_path, tensors):
    path = tmp_path / "model.safetensors"
    save_file(tensors, path)
    before = source(path).fingerprint
    assert source(path).fingerprint == before
    save_file({**tensors, "fc.bias": tensors["fc.bias"] + 1}, path)
    assert source(path).fingerprint != before


def test_the_identity_is_that_of_names_values_and_statistics_not_of_bytes(tmp_path, tensors):
    path = tmp_path / "weights.safetensors"
    prints = set()
    for metadata in (
        {"mean": "0.1 0.2 0.3", "std": "1 1 1"},
        {"std": "1 1 1", "mean": "0.1 0.2 0.3"},
    ):
        save_file(tensors, path, metadata={**metadata, "note": str(len(prints))})
        prints.add(source(path).fingerprint)
    assert len(prints) == 1
    save_file(tensors, path, metadata={"mean": "0.1 0.2 0.4", "std": "1 1 1"})
    found = source(path, allow_test_overlap=True)
    assert found.fingerprint not in prints
    assert found.name == "file weights.safetensors"
    assert [(one.dataset, one.patients) for one in found.seen()] == [("unknown", None)]
    assert found.record is None
    assert found.allow_test_overlap


def test_a_file_that_has_changed_since_is_not_used(tmp_path, tensors):
    path = tmp_path / "weights.safetensors"
    save_file(tensors, path)
    found = source(path)
    save_file({**tensors, "fc.bias": tensors["fc.bias"] + 1}, path)
    with pytest.raises(MedsmallError, match="has changed since the run began"):
        found.open()


def under(prefix, tensors):
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


PREFIXES = pytest.mark.parametrize(
    "prefix", ["module.", "backbone.", "model.", "encoder.", "module.encoder_q."]
)


@PREFIXES
def test_a_prefix_of_all_names_is_named_by_the_error_and_taken_off_when_given(
    tmp_path, tensors, prefix
):
    torch.save(under(prefix, tensors), tmp_path / "model.pth")
    with pytest.raises(
        MedsmallError, match=rf"begin with '{prefix}': set pretraining.prefix='{prefix}'\.$"
    ):
        weights(tmp_path / "model.pth").load_into(network())
    for given in (prefix, prefix.rstrip(".")):
        net = network()
        source(tmp_path / "model.pth", prefix=given).open().load_into(net)
        assert_loaded(net, tensors)


def test_tensors_of_other_names_are_left_out(tmp_path, tensors):
    other = {k: v * 2 for k, v in tensors.items()}
    two = {**under("student.", tensors), **under("teacher.", other)}
    torch.save({**two, "queue": torch.ones(3)}, tmp_path / "model.pth")
    net = network()
    source(tmp_path / "model.pth", prefix="teacher.").open().load_into(net)
    assert_loaded(net, other)
    with pytest.raises(MedsmallError, match=r"set pretraining\.prefix='(student|teacher)\.'"):
        weights(tmp_path / "model.pth").load_into(network())


@pytest.mark.parametrize("wrong", ["encoder.", "model.body.", "modul"])
def test_a_wrong_prefix_is_one_sentence_with_the_right_one(tmp_path, tensors, wrong):
    torch.save(under("module.", tensors), tmp_path / "model.pth")
    with pytest.raises(MedsmallError, match=rf"after pretraining\.prefix={wrong}.*='module\.'\.$"):
        source(tmp_path / "model.pth", prefix=wrong).open().load_into(network())


def test_a_prefix_that_is_not_needed_and_one_of_other_weights_are_told(tmp_path, tensors):
    torch.save(tensors, tmp_path / "model.pth")
    with pytest.raises(MedsmallError, match=r"after pretraining\.prefix=layer1\..*: set another"):
        source(tmp_path / "model.pth", prefix="layer1.").open().load_into(network())
    torch.save(under("module.", {"a": torch.ones(2)}), tmp_path / "other.pth")
    with pytest.raises(MedsmallError, match="None of the 1 tensors"):
        weights(tmp_path / "other.pth").load_into(network())


def test_a_prefix_is_part_of_the_identity(tmp_path, tensors):
    torch.save({**under("a.", tensors), **under("b.", tensors)}, tmp_path / "model.pth")
    prints = [
        source(tmp_path / "model.pth", prefix=given).fingerprint
        for given in ("a.", "a", "b.", None)
    ]
    assert prints[0] == prints[1]
    assert len({*prints}) == 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("name", ["model.pth", "model.safetensors"])
def test_another_precision_is_loaded_as_float32_of_equal_values(tmp_path, tensors, dtype, name):
    other = {k: v.to(dtype) if v.is_floating_point() else v for k, v in tensors.items()}
    (save_file if name.endswith("safetensors") else torch.save)(other, tmp_path / name)
    net = network()
    weights(tmp_path / name).load_into(net)
    for key, tensor in net.module.state_dict().items():
        assert key in net.head or tensor.dtype == tensors[key].dtype
    assert_loaded(net, {k: other[k].to(v.dtype) for k, v in tensors.items()})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_one_sentence(tmp_path, tensors, value):
    spoilt = tensors["layer1.0.bn1.weight"].clone()
    spoilt[0] = value
    torch.save({**tensors, "layer1.0.bn1.weight": spoilt}, tmp_path / "model.pth")
    with pytest.raises(MedsmallError, match=r"1 tensors of file model\.pth hold NaN or infinity"):
        weights(tmp_path / "model.pth").load_into(network())


def test_another_architecture_is_one_sentence(tmp_path):
    other = TimmNetwork("test_efficientnet", None, None).build(1)
    torch.save(other.module.state_dict(), tmp_path / "model.pth")
    with pytest.raises(MedsmallError, match="None of the|do not fit backbone test_resnet") as error:
        weights(tmp_path / "model.pth").load_into(network())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["model.pth", "model.safetensors"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"\n <!DOCTYPE html><html>not found</html>", "it is a web page: download the file"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00",
            "it is a pointer of Git LFS",
        ),
    ],
)
def test_what_is_no_file_of_weights_is_told_for_what_it_is(tmp_path, name, content, why):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MedsmallError, match=rf"not a readable weights file \({why}"):
        weights(tmp_path / name)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_state_dict_cut_off_is_one_sentence(tmp_path, tensors, kept):
    path = tmp_path / "model.pth"
    torch.save(tensors, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(
        MedsmallError, match="not a readable weights file .*may be cut off"
    ) as error:
        weights(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_whole_network_is_not_loaded_and_told(tmp_path, zipped):
    whole = torch.nn.Sequential(torch.nn.Linear(2, 2))
    torch.save(whole, tmp_path / "model.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(MedsmallError, match="which might run code.*a state dict saved by"):
        weights(tmp_path / "model.pth")


@pytest.mark.parametrize("kind", ["sparse", "quantised", "complex", "without data"])
def test_tensors_that_are_no_plain_numbers_are_one_sentence(tmp_path, tensors, kind):
    first = next(iter(tensors))
    made = {
        "sparse": lambda one: one.to_sparse(),
        "quantised": lambda one: torch.quantize_per_tensor(one, 0.1, 0, torch.qint8),
        "complex": lambda one: one.to(torch.complex64),
        "without data": lambda one: torch.empty_like(one, device="meta"),
    }[kind]
    torch.save({**tensors, first: made(tensors[first])}, tmp_path / "w.pth")
    with pytest.raises(MedsmallError, match=f"{kind}.*{first}.*in float32"):
        source(tmp_path / "w.pth")


def test_whole_numbers_are_no_weights(tmp_path, tensors):
    torch.save({k: v.int() for k, v in tensors.items()}, tmp_path / "w.pth")
    with pytest.raises(MedsmallError, match=r"holds torch\.int32, not torch\.float32"):
        weights(tmp_path / "w.pth").load_into(network())


def test_eight_bits_are_loaded_and_float64_too_large_is_refused(tmp_path, tensors):
    floats = {k: v for k, v in tensors.items() if v.is_floating_point()}
    save_file({k: v.to(torch.float8_e4m3fn) for k, v in floats.items()}, tmp_path / "w.safetensors")
    weights(tmp_path / "w.safetensors").load_into(network())
    torch.save({k: v.double() * 1e300 for k, v in floats.items()}, tmp_path / "w.pth")
    with pytest.raises(MedsmallError, match="hold NaN or infinity"):
        weights(tmp_path / "w.pth").load_into(network())
