"""What weights have seen goes with their file: copied, renamed, and through further trainings."""

import json
import shutil

import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from medsmall.errors import MedsmallError

OTHER_SPLIT = [  # as in test_train.py
    "split=by_patient", "split.train=0.6", "split.val=0.2", "split.seed=1", "trainer.max_epochs=1",
]  # fmt: skip
MURA = [
    "dataset=mura",
    "dataset.targets=null",
    "dataset.phantom_patients=40",
    "sample_size=natural",
    "sample_size.n=20",
]


def begin_with(path, *more):
    return ["pretraining=file", f"pretraining.path={path}", "trainer.max_epochs=1", *more]


@pytest.fixture(scope="module")
def copied(train_small, tmp_path_factory):
    """The weights of a run that saw test patients of HERNIA, copied out of their record."""
    path = tmp_path_factory.mktemp("copied") / "w.safetensors"
    return shutil.copy(train_small(*OTHER_SPLIT) / "model.safetensors", path)


@pytest.fixture
def foreign(copied, tmp_path):
    """The same tensors, without a word of where they are from."""
    path = tmp_path / "foreign.safetensors"
    save_file(load_file(copied), path)
    return path


def test_a_copied_file_still_says_whom_it_has_seen(train_small, copied):
    with pytest.raises(MedsmallError, match=r"trained on chestxray14, on \d+ of the \d+ patients"):
        train_small(*begin_with(copied))


def test_it_says_so_after_another_training_too(train_small, copied, tmp_path):
    """On bone films: whose weights are copied again."""
    between = train_small(*MURA, *begin_with(copied)) / "model.safetensors"
    again = shutil.copy(between, tmp_path / "again.safetensors")
    with pytest.raises(MedsmallError, match=r"trained on chestxray14, on \d+ of the \d+ patients"):
        train_small(*begin_with(again))
    with safe_open(again, "pt") as file:
        written = json.loads(file.metadata()["seen"])
    assert [one["dataset"] for one in written] == ["mura", "chestxray14"]
    assert written[0]["run"] == between.parent.name


def test_no_patient_can_be_read_in_the_file(copied):
    with safe_open(copied, "pt") as file:
        text = file.metadata()["seen"]
    assert "images/" not in text
    assert set(json.loads(text)[0]) == {"dataset", "run", "patients", "images"}


def test_an_unknown_origin_is_told_recorded_and_inherited(train_small, foreign, tmp_path, capsys):
    made = train_small(*begin_with(foreign, "seed=77"))
    said = capsys.readouterr().err
    (sentence,) = json.loads((made / "metrics.json").read_text())["audit"]
    assert sentence in said
    assert "training data of the weights of file foreign.safetensors are unknown" in sentence
    assert "pretraining.trained_on" in sentence

    heir = shutil.copy(made / "model.safetensors", tmp_path / "heir.safetensors")
    child = train_small(*MURA, *begin_with(heir))
    part, size = json.loads((child / "metrics.json").read_text())["audit"]
    assert "training data of the weights of file heir.safetensors are known only in part" in part
    assert "recognised at its training size only" in size


def test_a_data_set_that_was_declared_is_inherited(train_small, foreign, tmp_path):
    declared = "pretraining.trained_on=chestxray14"
    made = train_small(*MURA, *begin_with(foreign, declared))
    assert json.loads((made / "metrics.json").read_text())["audit"] == []
    heir = shutil.copy(made / "model.safetensors", tmp_path / "heir.safetensors")
    for weights in (heir, made / "model.safetensors"):
        with pytest.raises(MedsmallError, match="chestxray14, on unknown patients"):
            train_small(*begin_with(weights))
