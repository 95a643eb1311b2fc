"""Every data set trains one epoch and is tested: from its phantom, and from real samples."""

import json

import pandas as pd
import pytest
from datasets import OPTIONS

from medsmall.configs import compose
from medsmall.dataset.opening import open_dataset
from medsmall.task import Task
from medsmall.train import train

# besides what makes it quick: nothing need be chosen
TINY = ["backbone=tiny", "pretraining=none", "image_size_px=32", "trainer.max_epochs=1"]
# real images are decoded once for all tests, at the size of tests/audit/test_real_data.py
FEW = ["image_size_px=64", "sample_size.n=40", "sample_size.val=20", "augmentation.tta_views=0"]

# as few patients as all classes allow; those of idc and malaria have many images each
PATIENTS = {"chestxray14": 40, "ham10000": 40, "idc": 10, "malaria": 10}


def trained(task, cfg):
    folder = train(cfg).folder
    metrics = json.loads((folder / "metrics.json").read_text())
    frame = pd.read_csv(folder / "predictions.csv")
    assert metrics["task"] == task
    assert metrics["test"]["loss"] is not None
    assert len(frame) >= metrics["test"]["n"] > 0
    prefix = "pred_" if task is Task.REGRESSION else "prob_"
    assert frame.filter(like=prefix).notna().all(axis=None)
    return metrics


@pytest.mark.parametrize("option", OPTIONS)
def test_it_trains_from_its_phantom(option, outputs):
    phantom = ["phantom=true", f"dataset.phantom_patients={PATIENTS.get(option, 16)}"]
    cfg = compose([f"dataset={option}", *TINY, *phantom, f"output_root={outputs}"])
    assert trained(open_dataset(cfg).task, cfg)["phantom"] is True


@pytest.mark.parametrize(
    ("option", "task", "overrides"),
    [
        ("chest_xray", Task.BINARY, []),
        ("chest_xray", Task.MULTICLASS, ["dataset.classes=bacterial_viral"]),
        ("ham10000", Task.MULTICLASS, ["dataset.missing_images=drop", "dataset.targets=[nv,mel]"]),
        ("ham10000", Task.BINARY, ["dataset.missing_images=drop", "dataset.targets=[mel]"]),
        ("malaria", Task.BINARY, []),
    ],  # chestxray14: tests/test_real_data.py
)  # fmt: skip
def test_it_trains_from_real_files(option, task, overrides, outputs, real_data):
    roots = [f"data_root={real_data}", f"output_root={outputs}"]
    cfg = compose([f"dataset={option}", *TINY, *FEW, *roots, *overrides])
    assert trained(task, cfg)["phantom"] is False
