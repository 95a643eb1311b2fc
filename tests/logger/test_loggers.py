"""Each logger by config alone, on a real run."""

import json

import pytest

from medsmall.configs import compose
from medsmall.logger import closing, open_loggers
from medsmall.schema import check


def test_wandb_groups_by_experiment_sample_size_pretraining_strategy_and_repeat():
    cfg = compose(["+experiment=hernia_chexpert", "sample_size.n=50", "sample_size.repeat=3"])
    logger = check(cfg)["logger"]
    assert logger["name"] == "hernia_chexpert-chexpert-gradual_unfreezing-n50-r3"
    assert logger["group"] == "hernia_chexpert"
    assert logger["tags"] == [
        "chestxray14", "densenet121", "chexpert", "gradual_unfreezing", "n50", "repeat 3",
    ]  # fmt: skip


def test_wandb_offline_needs_no_account_and_each_run_of_a_sweep_is_a_run_of_its_own(
    train_small, outputs
):
    folder = train_small("logger=wandb", "trainer.max_epochs=1", "seed=5")
    assert (folder / "DONE").is_file()
    with closing(open_loggers(compose(["logger=wandb", f"output_root={outputs}"]))):
        pass  # the next one in the same process
    runs = list((outputs / "wandb").glob("offline-run-*"))
    assert len(runs) == 2
    assert all(list(run.glob("*.wandb")) for run in runs)


def test_tensorboard_gets_epochs_and_test_metrics(train_small, outputs):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = train_small("logger=tensorboard", "trainer.max_epochs=2", "seed=6")
    events = EventAccumulator(str(next((outputs / "tensorboard").rglob("events*")).parent))
    events.Reload()
    assert len(events.Scalars("val_loss")) == 2
    auroc = json.loads((folder / "metrics.json").read_text())["test"]["targets"]["Hernia"]["auroc"]
    assert events.Scalars("test/Hernia/auroc")[0].value == pytest.approx(auroc, rel=1e-6)


def test_mlflow_gets_parameters_epochs_and_test_metrics(train_small, outputs):
    mlflow = pytest.importorskip("mlflow")
    folder = train_small("logger=mlflow", "trainer.max_epochs=2", "seed=7")
    client = mlflow.MlflowClient(f"sqlite:///{outputs}/mlflow.db")  # as its YAML says
    (experiment,) = client.search_experiments(filter_string="name = 'chestxray14'")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["sample_size/n"] == "10"
    found = json.loads((folder / "metrics.json").read_text())["test"]["loss"]
    assert run.data.metrics["test/loss"] == pytest.approx(found)
