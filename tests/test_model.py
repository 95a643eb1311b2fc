"""A model: normalised images in, predictions out; on disk, what went in comes out."""

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, save_file
from torch import nn

from medsmall.backbone.timm_network import TimmNetwork
from medsmall.backbone.weights import sha256
from medsmall.errors import MedsmallError
from medsmall.model import Model, floats, numbers
from medsmall.pretraining.tensors import statistics
from medsmall.targets import targets_of
from medsmall.task import Task

MEAN, STD = [127 / 255, 1 / 3, 0.1], [128 / 255, 2 / 3, 0.2]
NAMES = ["Überbein|links", "Ödem", 'a "b", c|', "心"]
BUFFERS = ("mean", "std", "offset", "scale")


def model_of(task=Task.MULTILABEL, names=NAMES):
    """A model none of whose tensors is the initial one."""
    torch.manual_seed(0)
    module = TimmNetwork("test_resnet", None, None).build(len(names)).module
    with torch.no_grad():
        for tensor in module.state_dict().values():
            whole = tensor.dtype == torch.long
            tensor.add_(3 if whole else 0.1 * torch.rand(tensor.shape))
    model = Model(module, "test_resnet", targets_of(names, task), MEAN, STD)
    model.learn_scale(torch.tensor(np.random.default_rng(0).normal(100, 30, (9, len(names)))))
    return model


def images(channels, n=3):
    rng = np.random.default_rng(channels)
    return torch.from_numpy(rng.integers(0, 256, (n, channels, 40, 40), dtype=np.uint8))


def tensors_in(path):
    return load(path.read_bytes())  # load_file keeps the file open, which is written again


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def saved(path):
    model_of().save(path)
    return path


@pytest.mark.parametrize(
    "given",
    [
        images(1).float() / 255,
        images(1).short(),
        images(1)[0],
        images(1).expand(-1, 4, -1, -1),
        images(1).numpy().astype(float),
    ],
    ids=["0 to 1", "int16", "no batch", "four channels", "numpy"],
)
def test_predict_refuses_what_is_no_batch_of_grey_levels(given):
    with pytest.raises(MedsmallError, match="predict takes images of uint8"):
        model_of().predict(given)


def test_an_array_is_as_good_as_a_tensor():
    model = model_of()
    assert (model.predict(images(3).numpy()) == model.predict(images(3))).all()


@pytest.mark.parametrize("n", [1, 8, 19])
def test_each_image_has_its_output_however_many_there_are(n):
    model, x = model_of().eval(), images(1, n)
    alone = torch.cat([model(one[None]) for one in x])
    torch.testing.assert_close(model.outputs(x), alone.detach())


def test_predict_refuses_images_of_another_size_than_the_run():
    model = model_of()
    model.about["image_size_px"] = "40"
    assert len(model.predict(images(1))) == 3
    with pytest.raises(MedsmallError, match="of images of 40 x 40 px, but these have 20 x 40"):
        model.predict(images(1)[:, :, ::2])


def test_tensors_come_back_bit_by_bit_even_if_they_lie_channels_last(path):
    model = model_of()
    tensors = model.module.state_dict()
    assert any(not tensor.is_contiguous() for tensor in tensors.values())
    assert model.save(path) == sha256(tensors)
    for back in (tensors_in(path), Model.load(path).module.state_dict()):
        assert back.keys() == tensors.keys()
        for name, tensor in back.items():
            assert tensor.equal(tensors[name])
            assert tensor.dtype == tensors[name].dtype


@pytest.mark.parametrize("task", [Task.MULTILABEL, Task.MULTICLASS, Task.REGRESSION])
def test_a_model_comes_back_with_all_that_it_predicts_by(path, task):
    model = model_of(task)
    model.save(path)
    back = Model.load(path)
    assert (back.architecture, back.targets) == ("test_resnet", targets_of(NAMES, task))
    for name in BUFFERS:
        one, two = getattr(model, name), getattr(back, name)
        assert one.equal(two), name
        assert (one.dtype, one.shape) == (two.dtype, two.shape)
    assert (task is Task.REGRESSION) == bool(model.offset.any())
    assert not back.training
    for channels in (1, 3):
        np.testing.assert_array_equal(
            model.predict(images(channels)), back.predict(images(channels))
        )


def metadata(path):
    with safe_open(path, "pt") as file:
        return file.metadata()


def test_what_comes_back_is_written_again_as_it_was(saved, tmp_path):
    again = tmp_path / "again.safetensors"
    assert Model.load(saved).save(again) == sha256(tensors_in(saved)) == sha256(tensors_in(again))
    assert metadata(again) == metadata(saved)


@pytest.mark.parametrize("names", [["Hernia"], ["a|b", "c"], ["a", "b|c"], ["ä", "ä"], ["\n", ""]])
def test_names_of_targets_come_back_whatever_they_hold(path, names):
    model_of(Task.of_findings(names), names).save(path)
    assert Model.load(path).targets.names == names


def test_the_file_says_what_it_is_and_its_statistics_to_nine_digits(saved):
    about = metadata(saved)
    assert about["backbone"] == "test_resnet"
    assert about["task"] == "multilabel"
    assert about.keys() == {"backbone", "arguments", "targets", "task", "seen", *BUFFERS}
    found = statistics(saved)
    assert found["mean"] == pytest.approx(MEAN, rel=1e-7)
    assert found["std"] == pytest.approx(STD, rel=1e-7)
    assert torch.tensor(found["mean"]).equal(torch.tensor(MEAN))  # what a network normalises with


def test_numbers_as_text_are_exact_to_float32():
    bits = torch.randint(-(2**31), 2**31, (5000,), generator=torch.Generator().manual_seed(0))
    values = bits.to(torch.int32).view(torch.float32)
    values = values[values.isfinite()]
    assert torch.tensor(floats(numbers(values))).equal(values)


def test_half_precision_has_a_file(path):
    module = nn.Linear(2, 1).to(torch.bfloat16)
    model = Model(module, "a test", targets_of(["Hernia"], Task.BINARY), MEAN, STD)
    assert model.save(path) == sha256(module.state_dict())
    back = tensors_in(path)
    assert back["weight"].dtype == torch.bfloat16
    assert back["weight"].equal(module.weight)


def with_metadata(**changes):
    """Write the file again with other metadata; None leaves a key out."""

    def write(path):
        about = {k: v for k, v in {**metadata(path), **changes}.items() if v is not None}
        save_file(tensors_in(path), path, metadata=about)

    return write


def without_metadata(path):
    save_file(tensors_in(path), path)


def as_state_dict(path):
    torch.save(tensors_in(path), path)


def without_a_tensor(path):
    tensors, about = tensors_in(path), metadata(path)
    del tensors["bn1.bias"]
    save_file(tensors, path, metadata=about)


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "no weights": lambda path: path.write_bytes(b"no weights at all"),
    "a broken header": lambda path: path.write_bytes(b"\x08" + bytes(7) + b'{"a": 1}'),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "gone": lambda path: path.unlink(),
    "a state dict": as_state_dict,
    "no metadata": without_metadata,
    "a tensor less": without_a_tensor,
    **{
        f"no {key}": with_metadata(**{key: None}) for key in ("backbone", "targets", "task", "mean")
    },
    "another number of targets": with_metadata(targets='["Hernia"]'),
    "another backbone": with_metadata(backbone="test_efficientnet"),
    "no such task": with_metadata(task="segmentation"),
    "a mean that is no number": with_metadata(mean="0.1 x 0.3"),
    "a mean of two numbers": with_metadata(mean="0.1 0.2"),
}


def test_targets_as_the_first_schema_wrote_them_are_read(path):
    model_of(Task.MULTILABEL, ["Hernia", "Edema"]).save(path)
    with_metadata(targets="Hernia|Edema")(path)
    assert Model.load(path).targets.names == ["Hernia", "Edema"]


def test_a_network_without_its_head_is_told_apart(saved):
    tensors, about = tensors_in(saved), metadata(saved)
    body = {name: tensor for name, tensor in tensors.items() if not name.startswith("fc.")}
    save_file(body, saved, metadata=about)
    with pytest.raises(MedsmallError, match="without a head, which cannot predict"):
        Model.load(saved)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_foreign_file_is_one_sentence(saved, damage):
    DAMAGES[damage](saved)
    with pytest.raises(MedsmallError) as error:
        Model.load(saved)
    assert str(error.value).startswith(f"{saved} is not the model of a record (")
    assert "\n" not in str(error.value)


def test_a_network_that_timm_does_not_have_is_one_sentence(saved):
    with_metadata(backbone="no_such_network")(saved)
    with pytest.raises(MedsmallError, match="no_such_network") as error:
        Model.load(saved)
    assert "\n" not in str(error.value)


class Mean(nn.Module):
    """The mean grey level of each channel."""

    def forward(self, x):
        return x.mean((2, 3))


def means(task, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)):
    return Model(Mean(), "a test", targets_of(["a", "b", "c"], task), list(mean), list(std))


def test_grey_levels_of_0_to_1_are_normalised_by_channel_and_one_channel_serves_all():
    model = means(Task.REGRESSION, (0.1, 0.2, 0.3), (0.5, 1.0, 2.0))
    colour = images(3)
    levels = colour.double().mean((2, 3)).numpy() / 255
    expected = (levels - [0.1, 0.2, 0.3]) / [0.5, 1.0, 2.0]
    np.testing.assert_allclose(model(colour).numpy(), expected, rtol=1e-5)
    grey = colour[:, :1]
    expected = (levels[:, :1] - [0.1, 0.2, 0.3]) / [0.5, 1.0, 2.0]
    np.testing.assert_allclose(model(grey).numpy(), expected, rtol=1e-5)


def test_predictions_are_probabilities_or_in_the_unit_of_the_labels():
    outputs = torch.tensor([[0.0, 1.0, -2.0]])
    found = means(Task.MULTILABEL).predictions(outputs)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, 1 / (1 + np.exp([[0.0, -1, 2]])))
    found = means(Task.MULTICLASS).predictions(outputs)
    np.testing.assert_allclose(found, np.exp([[0.0, 1, -2]]) / np.exp([0.0, 1, -2]).sum())
    model = means(Task.REGRESSION)
    model.learn_scale(torch.tensor([[0.0, 10, 5], [4.0, 30, float("nan")], [2, 20, 7]]))
    expected = np.array([[2.0, 20 + np.sqrt(200 / 3), 6 - 2]])
    np.testing.assert_allclose(model.predictions(outputs), expected, rtol=1e-6)


def test_predicting_leaves_the_train_mode_and_learns_nothing():
    model = model_of().train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    first = model.predict(images(1))
    assert not model.training
    np.testing.assert_array_equal(model.predict(images(1)), first)
    assert all(v.equal(before[k]) for k, v in model.state_dict().items())


@pytest.mark.parametrize(
    ("mean", "std"),
    [
        ([0.1] * 3, [0.2, 0.0, 0.2]),
        ([0.1] * 3, [0.2, -1.0, 0.2]),
        ([0.1, float("nan"), 0.1], [0.2] * 3),
        ([0.1] * 3, [float("inf")] * 3),
    ],
)
def test_statistics_that_cannot_normalise_are_refused_and_not_taken(mean, std):
    model = means(Task.MULTILABEL)
    with pytest.raises(MedsmallError, match=r"set pretraining\.mean and pretraining\.std"):
        model.set_statistics(mean, std)
    assert not model.mean.any()
    assert (model.std == 1).all()


def test_what_the_weights_have_seen_goes_with_a_model_that_is_saved_again(tmp_path):
    model = model_of()
    model.about["seen"] = '[{"dataset": "x"}]'
    model.save(tmp_path / "a.safetensors")
    Model.load(tmp_path / "a.safetensors").save(tmp_path / "b.safetensors")
    assert metadata(tmp_path / "b.safetensors")["seen"] == model.about["seen"]
