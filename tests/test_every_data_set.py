"""Every data set trains one epoch and is tested: from its phantom, and from real samples."""

import json

import pandas as pd
import pytest
from datasets import OPTIONS

from medsmall.configs import compose
from medsmall.dataset.opening import open_dataset
from medsmall.task import Task

pytestmark = pytest.mark.untraced

# besides what makes it quick: nothing need be chosen
TINY = ["backbone=tiny", "pretraining=none", "image_size_px=32", "trainer.max_epochs=1"]


def trained(train_small, option, task, *overrides):
    folder = train_small(*overrides, base=[f"dataset={option}", *TINY])
    metrics = json.loads((folder / "metrics.json").read_text())
    frame = pd.read_csv(folder / "predictions.csv")
    assert metrics["task"] == task
    assert metrics["test"]["loss"] is not None
    assert len(frame) >= metrics["test"]["n"] > 0
    prefix = "pred_" if task is Task.REGRESSION else "prob_"
    assert frame.filter(like=prefix).notna().all(axis=None)
    return metrics


@pytest.mark.parametrize("option", OPTIONS)
def test_it_trains_from_its_phantom(option, train_small, outputs):
    phantom = ["phantom=true", "dataset.phantom_patients=40"]
    cfg = compose([f"dataset={option}", *phantom, f"output_root={outputs}"])
    metrics = trained(train_small, option, open_dataset(cfg).task, *phantom)
    assert metrics["phantom"] is True


@pytest.mark.parametrize(
    ("option", "task", "overrides"),
    [
        ("chest_xray", Task.BINARY, ["sample_size.n=200"]),
        ("chest_xray", Task.MULTICLASS, ["dataset.classes=bacterial_viral"]),
        ("ham10000", Task.MULTICLASS, ["dataset.missing_images=drop", "dataset.targets=[nv,mel]"]),
        ("ham10000", Task.BINARY, ["dataset.missing_images=drop", "dataset.targets=[mel]"]),
        ("malaria", Task.BINARY, []),
        ("chestxray14", Task.BINARY,
         ["dataset.missing_images=drop", "dataset.targets=[Pneumonia]"]),
    ],
)  # fmt: skip
def test_it_trains_from_real_files(option, task, overrides, train_small, real_data):
    metrics = trained(train_small, option, task, f"data_root={real_data}", *overrides)
    assert metrics["phantom"] is False
