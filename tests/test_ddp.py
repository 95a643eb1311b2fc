"""Two CPU processes give what one gives."""

import json
import multiprocessing
import shutil
from multiprocessing import forkserver

import pandas as pd
import pytest
import torch
from torch.multiprocessing import ProcessRaisedException

from medsmall.errors import MedsmallError
from medsmall.learner.lightning.trainer import interruptible

TWO_PROCESSES = [
    "trainer=ddp",
    "trainer.accelerator=cpu",
    "trainer.devices=2",
    "trainer.precision=32-true",
]


@pytest.fixture
def imported_once(monkeypatch):
    """What would be spawned is forked from one fresh process that has imported what both need."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(
        ["albumentations", "sklearn.metrics", "medsmall.learner.lightning.classifier",
         "medsmall.learner.lightning.trainer", "medsmall.batches.drawn"]
    )  # fmt: skip
    for module in (multiprocessing, torch.multiprocessing):
        get_context = module.get_context
        monkeypatch.setattr(
            module,
            "get_context",
            lambda method=None, usual=get_context: server if method == "spawn" else usual(method),
        )
    yield
    forkserver._forkserver._stop()  # it would stay for as long as the tests


@pytest.mark.slow
def test_two_processes_predict_what_one_does_while_layers_thaw(
    train_small, outputs, tmp_path, imported_once
):
    """The tiny network has BatchNorm; 13 images in batches of 4 leave an odd one over."""
    thawing = ["strategy=gradual_unfreezing", "batch_size=4", "sample_size.n=13"]
    one = train_small(*thawing)
    shutil.copytree(outputs / "phantoms", tmp_path / "phantoms")
    two = train_small(*thawing, *TWO_PROCESSES, output_root=tmp_path)
    assert two.name == one.name, "devices are no part of the key"
    assert json.loads((two / "environment.json").read_text())["processes"] == 2
    first, second = (pd.read_csv(folder / "predictions.csv") for folder in (one, two))
    assert (first["image"] == second["image"]).all()
    assert (first["prob_Hernia"] - second["prob_Hernia"]).abs().max() < 1e-5
    first, second = (pd.read_csv(folder / "history.csv") for folder in (one, two))
    pd.testing.assert_frame_equal(first, second, rtol=1e-5, atol=1e-5)


def test_what_a_user_can_mend_in_another_process_is_one_sentence():
    traced = (
        "-- Process 1 terminated\nTraceback ...\nmedsmall.errors.MedsmallError: It diverged: wait."
    )
    with pytest.raises(MedsmallError, match=r"^It diverged: wait.$"), interruptible():
        raise ProcessRaisedException(traced, 1, 4711)
    with pytest.raises(ProcessRaisedException), interruptible():
        raise ProcessRaisedException("Traceback ...\nValueError: a fault of the program", 1, 4711)


@pytest.mark.parametrize("strategy", ["auto", "ddp"])
def test_processes_that_would_wait_for_each_other_are_refused(train_small, strategy):
    with pytest.raises(MedsmallError, match="would start the command again.*set trainer=ddp"):
        train_small("seed=71", "trainer.devices=2", f"trainer.strategy={strategy}")
