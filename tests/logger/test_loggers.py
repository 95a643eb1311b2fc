"""Each logger by config alone, on a real run; and the same run sent afterwards."""

import json

import numpy as np
import pytest
from small_run import TASKS
from wandb_file import read_offline

from medsmall.record import Record
from medsmall.send import send

MACHINE = ("_timestamp", "_runtime", "_wandb/runtime", "_wandb", "seconds")


@pytest.fixture(scope="module")
def hernia(train_small, tmp_path_factory):
    """A run that was sent to W&B while it trained: its record, and the folder of W&B."""
    root = tmp_path_factory.mktemp("live")
    folder = train_small("logger=wandb", "seed=5", output_root=root)
    return Record(folder), root


def offline(root):
    (folder,) = (root / "wandb").glob("offline-run-*")
    return read_offline(folder)


def test_wandb_offline_has_a_run_with_what_compares_arms(hernia):
    record, root = hernia
    found = offline(root)
    assert found.run.run_id == record.key
    assert found.exit_code == 0
    arm = found.config["arm"]
    assert arm.startswith("no pretraining, gradual_unfreezing, tiny, paper")
    assert found.run.run_group == f"chestxray14: {arm}"
    assert found.run.job_type == "n10"
    assert list(found.run.tags) == [
        "chestxray14", "tiny", "none", "gradual_unfreezing", "n10", "repeat 0", "phantom",
    ]  # fmt: skip
    plain = {"n": 10, "repeat": 0, "seed": 5, "pretraining": "none", "strategy":
             "gradual_unfreezing", "record": f"runs/{record.key}", "key": record.key}  # fmt: skip
    assert plain.items() <= found.config.items()
    assert found.config["config"]["strategy"]["lr"] == record.config["strategy"]["lr"]


def test_wandb_gets_epochs_as_steps_test_metrics_and_native_charts(hernia):
    record, root = hernia
    found = offline(root)
    assert [row["_step"] for row in found.history] == record.history["epoch"].tolist()
    assert [row["val_loss"] for row in found.history] == record.history["val_loss"].tolist()
    of_hernia = record.metrics["test"]["targets"]["Hernia"]
    assert found.summary["test/Hernia/auroc"] == of_hernia["auroc"]
    assert found.summary["test/auroc"] == of_hernia["auroc"]
    presets = {
        place: node["panel_config"]["panelDefId"]
        for place, node in found.config.items()
        if place.startswith("_wandb/visualize/")
    }
    assert presets == {
        "_wandb/visualize/test/roc": "wandb/area-under-curve/v0",
        "_wandb/visualize/test/pr": "wandb/area-under-curve/v0",
        "_wandb/visualize/test/confusion": "wandb/confusion_matrix/v1",
    }
    assert len([file for file in found.files if "test/table" in file]) == 1


def test_wandb_gets_nothing_of_patients_images_or_the_machine(hernia, real_names):
    record, root = hernia
    found = offline(root)
    (folder,) = (root / "wandb").glob("offline-run-*")
    tables = "".join(file.read_text() for file in folder.rglob("*.table.json"))
    assert "Hernia" in tables
    assert not found.run.host
    assert not [file for file in found.files if not file.startswith("media/table/")]
    for name in real_names(record):
        assert f'"{name}"' not in found.whole + tables, name
    assert str(root) not in found.whole + tables


@pytest.fixture(scope="module")
def real_names():
    """Every image and patient of a record."""
    return lambda record: {*record.draw["image"], *record.draw["patient"]}


def test_a_run_sent_afterwards_is_the_same_as_one_sent_live_and_there_once(hernia, tmp_path):
    _, root = hernia
    words = ["logger=wandb", f"logger.save_dir={tmp_path}", str(root)]
    before = offline(root)
    for _ in range(2):
        assert send(words) == 1
        after = offline(tmp_path)  # which holds one run
        assert after.run.run_id == before.run.run_id
        assert (after.run.run_group, after.run.job_type) == (
            before.run.run_group, before.run.job_type,
        )  # fmt: skip
        assert list(after.run.tags) == list(before.run.tags)
        assert same(after.config) == same(before.config)
        assert same(after.summary) == same(before.summary)
        assert [same(row) for row in after.history] == [same(row) for row in before.history]


def same(values):
    """Without times, and without the random addresses of tables."""
    return {
        key: value
        for key, value in values.items()
        if key not in MACHINE and "artifact_path" not in key
    }


@pytest.mark.parametrize("task", ["multilabel", "multiclass", "regression"])
def test_every_task_has_a_run_with_what_it_has(task, train_small, tmp_path):
    record = Record(
        train_small("logger=wandb", "trainer.max_epochs=1", base=TASKS[task], output_root=tmp_path)
    )
    found, test = offline(tmp_path), record.metrics["test"]
    charts = {key for key in found.config if key.startswith("_wandb/visualize/")}
    if task == "multiclass":  # argmax metrics, beside those of the commonest class
        for name in ("accuracy", "balanced_accuracy", "macro_f1", "cohen_kappa"):
            assert found.summary[f"test/{name}"] == pytest.approx(test[name])
            assert f"test/majority/{name}" in found.summary
        assert "_wandb/visualize/test/confusion" in charts
    elif task == "multilabel":
        assert {"_wandb/visualize/test/roc", "_wandb/visualize/test/pr"} <= charts
    else:
        assert found.summary["test/mae"] == pytest.approx(test["mean"]["mae"])
        assert not charts


def test_tensorboard_gets_epochs_test_metrics_and_what_compares_runs(train_small, outputs):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = train_small("logger=tensorboard", "trainer.max_epochs=2", "seed=6")
    (place,) = (outputs / "tensorboard").glob(f"chestxray14/*-{folder.name}")
    select = ["sample_size.n=10", "seed=6"]
    for sending in (0, 1):
        if sending:
            assert send(["logger=tensorboard", f"logger.save_dir={place.parents[1]}",
                         str(outputs), *select]) == 1  # fmt: skip
        events = EventAccumulator(str(place))
        events.Reload()
        assert [one.step for one in events.Scalars("val_loss")] == [1, 2]
        auroc = Record(folder).metrics["test"]["targets"]["Hernia"]["auroc"]
        (value,) = events.Scalars("test/Hernia/auroc")
        assert value.value == pytest.approx(auroc, rel=1e-6)
        assert {"test/roc", "test/pr", "test/confusion"} == {*events.Tags()["images"]}
        hparams = events.SummaryMetadata("_hparams_/session_start_info")
        assert b"no pretraining, gradual_unfreezing" in hparams.plugin_data.content


def test_names_that_mlflow_would_mix_up_stay_apart():
    from medsmall.logger.mlflow import _apart

    names = ["test/T<2/auroc", "test/T>2/auroc", "test/T_2/auroc", "test/x/auroc"]
    assert [*_apart(names).values()] == [
        "test/T_2/auroc", "test/T_2/auroc 2", "test/T_2/auroc 3", "test/x/auroc",
    ]  # fmt: skip


def test_mlflow_gets_parameters_epochs_and_test_metrics(train_small, outputs):
    mlflow = pytest.importorskip("mlflow")
    folder = train_small("logger=mlflow", "trainer.max_epochs=2", "seed=7")
    client = mlflow.MlflowClient(f"sqlite:///{outputs}/mlflow.db")  # as its YAML says
    (experiment,) = client.search_experiments(filter_string="name = 'chestxray14'")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["n"] == "10"
    assert run.data.params["config.strategy.lr"] == "0.001"
    assert run.data.tags["medsmall.key"] == folder.name
    assert not {"mlflow.user", "mlflow.source.git.commit"} & {*run.data.tags}
    found = json.loads((folder / "metrics.json").read_text())["test"]["loss"]
    assert run.data.metrics["test/loss"] == pytest.approx(found)
    files = {one.path for one in client.list_artifacts(run.info.run_id, "test")}
    assert {"test/roc.png", "test/pr.png", "test/confusion.png", "test/table.csv"} == files
    history = Record(folder).history
    steps = client.get_metric_history(run.info.run_id, "val_loss")
    assert np.allclose([one.value for one in steps], history["val_loss"])
