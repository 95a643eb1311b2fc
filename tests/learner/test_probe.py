"""The probe: a linear head on frozen features, whose record is like any other."""

import json
import shutil
import sqlite3

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from small_run import HERNIA, TASKS

from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.inference import predictions
from medsmall.learner.probe import Probe
from medsmall.model import Model
from medsmall.pixels import open_images
from medsmall.record import Record
from medsmall.record.summary import show
from medsmall.resolve import resolve
from medsmall.targets import targets_of
from medsmall.task import Task
from medsmall.train import execute

RECORD = {
    "config.yaml", "draw.csv", "seen.npz", "history.csv", "predictions.csv",
    "val_predictions.csv", "metrics.json", "model.safetensors", "environment.json", "DONE",
}  # fmt: skip


FEWER = {  # patients: their images take long to draw
    "multiclass": ["dataset.phantom_patients=70"],
    "regression": ["dataset.phantom_patients=30"],
}


@pytest.mark.parametrize("task", TASKS)
def test_its_record_is_complete_and_every_reader_takes_it(task, train_small, capsys):
    folder = train_small("learner=probe", *FEWER.get(task, []), base=TASKS[task])
    assert {path.name for path in folder.iterdir()} == RECORD
    record = Record.open(folder)
    show(record)
    assert str(folder) in capsys.readouterr().out
    metrics, frame = record.metrics, record.predictions
    assert metrics["task"] == task
    assert (metrics["epochs"], metrics["chosen_epoch"]) == (1, 1)
    assert list(record.history["epoch"]) == [1]
    assert record.history[["train_loss", "val_loss"]].notna().all(axis=None)
    assert "-probe-" in metrics["name"]
    assert len(frame) == (record.draw["part"] == "test").sum()
    assert record.seen is not None


def test_the_same_probe_twice_gives_identical_predictions(train_small):
    folder = train_small("learner=probe")
    first = (folder / "predictions.csv").read_bytes()
    shutil.rmtree(folder)
    assert train_small("learner=probe") == folder
    assert (folder / "predictions.csv").read_bytes() == first


def test_kept_features_change_no_bit_of_the_predictions(train_small, tmp_path):
    """Whether this cell, or one with another draw, was the first to need them."""
    cells = ["sample_size.repeat=0", "sample_size.repeat=1"]  # seed=1: of one random network
    here, there = tmp_path / "here", tmp_path / "there"
    found = {}
    for root, order in ((here, cells), (there, cells[::-1])):
        for cell in order:
            folder = train_small("learner=probe", "seed=1", cell, output_root=root)
            found.setdefault(cell, set()).add((folder / "predictions.csv").read_bytes())
    assert [len(each) for each in found.values()] == [1, 1]
    (file,) = (here / "cache/features").glob("test_resnet*.sqlite")
    assert file.stat().st_size > 0


def test_its_predictions_are_those_of_the_saved_network_over_all_views(outputs):
    """The record has them from kept features, a reader of model.safetensors from the images."""
    plain = [override for override in HERNIA if "tta_views" not in override]
    more = ["learner=probe", "augmentation=chest_safe", "augmentation.tta_views=3"]
    case = resolve(compose([*plain, *more, f"output_root={outputs}"]))
    record = execute(case)
    data, _ = open_images(case)
    model, cpu = Model.load(record.model), torch.device("cpu")
    expected = predictions(model, data.scoring("test"), data.views, cpu, "32-true")
    np.testing.assert_allclose(record.predictions["prob_Hernia"], expected[:, 0], atol=1e-5)
    alone = predictions(model, data.plain("test"), 1, cpu, "32-true")
    assert np.abs(alone - expected).max() > 1e-4


def test_a_changed_feature_stops_the_run(train_small, tmp_path):
    train_small("learner=probe", "seed=1", output_root=tmp_path)
    (file,) = (tmp_path / "cache/features").glob("test_resnet*.sqlite")
    with sqlite3.connect(file) as database:
        database.execute("update kept set content = zeroblob(length(content))")
    with pytest.raises(MedsmallError, match="is damaged .content was changed.: delete it"):
        train_small("learner=probe", "seed=1", "sample_size.repeat=1", output_root=tmp_path)
    file.unlink()
    train_small("learner=probe", "seed=1", "sample_size.repeat=1", output_root=tmp_path)


def test_what_it_has_no_use_for_is_told(train_small, capsys):
    words = ["learner=probe", "loss=bce_weighted", "strategy=finetune_all", "schedule=one_cycle"]
    folder = train_small(*words)
    sentence = (
        "learner=probe has no use for loss=bce_weighted, strategy=finetune_all: without effect."
    )
    assert sentence in capsys.readouterr().err
    assert folder == train_small("learner=probe")
    assert "has no use for" not in capsys.readouterr().err


def test_its_head_is_the_logistic_regression_of_the_features(outputs):
    plain = [override for override in HERNIA if "tta_views" not in override]
    fixed = ["learner=probe", "learner.inverse_penalty=10"]
    cfg = compose([*plain, *fixed, "augmentation=none", f"output_root={outputs}"])
    case = resolve(cfg)
    record = execute(case)
    model = Model.load(record.model)
    data, _ = open_images(case)
    (batch,) = list(data.plain("train"))
    body = model.module
    with torch.no_grad():
        x = (batch.images.expand(-1, 3, -1, -1).float() / 255 - model.mean) / model.std
        features = body.forward_head(body.forward_features(x), pre_logits=True).double().numpy()
    mean, scale = features.mean(0), np.sqrt(features.var(0).sum())
    y = batch.labels[:, 0].numpy()
    expected = LogisticRegression(C=10.0, max_iter=2000).fit((features - mean) / scale, y)
    with torch.no_grad():
        logits = model(batch.images)[:, 0].double().numpy()
    np.testing.assert_allclose(
        logits, expected.decision_function((features - mean) / scale), atol=2e-4
    )


def test_it_starts_from_the_weights_of_a_run(train_small):
    path = train_small() / "model.safetensors"
    folder = train_small("learner=probe", "pretraining=file", f"pretraining.path={path}")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["pretraining"] == "file model.safetensors"
    body = Model.load(folder / "model.safetensors").module.state_dict()
    start = Model.load(path).module.state_dict()
    for name, tensor in body.items():
        assert name.startswith("fc.") or tensor.equal(start[name]), name


@pytest.mark.parametrize(
    ("name", "side", "ends"),
    [("resnetv2_18", 64, "Conv2d"), ("volo_d1_224", 224, "more than its layer of")],
)
def test_a_network_that_ends_otherwise_is_refused(name, side, ends):
    """VOLO adds the outputs of a second head, which nobody would solve."""
    cfg = compose([*HERNIA, "learner=probe", f"backbone.name={name}"])
    with pytest.raises(MedsmallError, match=f"one linear layer, but {name} ends in {ends}"):
        Probe("probe", 1.0).check(cfg, targets_of(["Hernia"], Task.BINARY), side)


@pytest.mark.parametrize("value", [0.0, -1.0, 1e-320, float("inf"), float("nan")])
def test_a_penalty_that_is_none_is_refused(value):
    with pytest.raises(MedsmallError, match="inverse_penalty must lie in"):
        Probe("probe", value)
