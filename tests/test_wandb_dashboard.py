"""The specification of the W&B workspace, made and read back by wandb-workspaces: no account."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from made_records import config_of, sweep, write_record

from medsmall.record import Record
from medsmall.report.asked import Asked
from medsmall.report.question import answer
from medsmall.report.shown import words_of
from medsmall.sent.about import about
from medsmall.task import Task

pytest.importorskip("wandb_workspaces")
SCRIPT = Path(__file__).parents[1] / "scripts" / "wandb_dashboard.py"


@pytest.fixture(scope="module")
def dashboard():
    described = importlib.util.spec_from_file_location("wandb_dashboard", SCRIPT)
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return sweep(tmp_path_factory.mktemp("outputs"), {"none": 0.2, "imagenet": 0.8}, repeats=3)


@pytest.fixture(scope="module")
def made(dashboard, records):
    asked = Asked.of([str(records[0].folder.parents[1])])
    found = answer(asked)
    return dashboard.workspace("me", "hernia", found, list(words_of(asked, found))), found


@pytest.fixture(scope="module")
def panels(dashboard, made):
    section = dashboard.specification(made[0])["spec"]["section"]["panelBankConfig"]
    return {
        one["name"]: [(panel["viewType"], panel["config"]) for panel in one["panels"]]
        for one in section["sections"]
    }


def test_curves_are_means_by_arm_and_size_with_their_spread(panels):
    curves = panels["Curves"]
    assert [config["metrics"] for _, config in curves] == [
        ["train_loss"], ["val_loss"], ["val_auroc"],
    ]  # fmt: skip
    for kind, config in curves:
        assert kind == "Run History Line Plot"
        assert config["xAxis"] == "epoch"
        assert (config["groupBy"], config["groupAgg"], config["groupArea"]) == (
            "cell.value", "mean", "stderr",
        )  # fmt: skip


def test_the_means_have_the_intervals_of_the_report(panels, made):
    _, found = made
    (text,) = [config["value"] for kind, config in panels["Arms"] if kind == "Markdown Panel"]
    assert len(found.cells) == 4
    for cell in found.cells:
        assert f"| {cell.mean:.3f} | {cell.interval.low:.3f} to {cell.interval.high:.3f} |" in text
    assert "imagenet" in text
    assert "At 50 training images" in text
    (bars,) = [config for kind, config in panels["Arms"] if kind == "Bar Chart"]
    assert bars["metrics"] == ["summary_metrics.test/auroc"]


def test_the_test_table_and_the_native_curves_are_those_that_are_sent(panels, records):
    from medsmall.sent.charts import charts

    test = panels["Test"]
    sent = {chart.name for chart in charts(_predicted(records[0]))}
    assert '"val": "test/table"' in json.dumps(test)
    of_curves = [config for kind, config in test if kind == "Vega2"]
    for name, config in zip(["test/roc", "test/pr"], of_curves, strict=True):
        assert name in sent
        assert config["panelDefId"] == "wandb/area-under-curve/v0"
        assert f'"{name}_table"' in json.dumps(config)


def _predicted(record):
    from medsmall.record.predicted import Predicted

    return Predicted.of(record)


def test_the_runs_are_grouped_by_columns_that_are_sent(dashboard, made, records):
    sent = about(records[0].key, records[0].config, records[0].metrics).config
    (runs,) = dashboard.specification(made[0])["spec"]["section"]["runSets"]
    keys = [group["name"] for group in runs["grouping"]]
    assert [key.partition(".")[0] for key in keys] == ["cell"]  # an arm at a size
    pinned = made[0].runset_settings.pinned_columns
    asked = [column.partition(":")[2] for column in pinned if column.startswith("config:")]
    assert {*asked, "cell", "arm", "n", "dataset"} <= {*sent}


def test_the_runs_are_those_of_the_report(dashboard, made):
    (runs,) = dashboard.specification(made[0])["spec"]["section"]["runSets"]
    (of_key,) = runs["filters"]["filters"]
    assert (of_key["key"], of_key["op"]) == ({"section": "config", "name": "key"}, "IN")
    assert {*of_key["value"]} == {run.record.key for run in made[1].study.runs}


def test_of_one_target_its_own_score_is_drawn(dashboard, tmp_path):
    rng = np.random.default_rng(0)
    y = (rng.random((80, 2)) < 0.4).astype(float)
    for k, arm in enumerate(("none", "imagenet")):
        for repeat in range(2):
            prob = 1 / (1 + np.exp(-(1 + k) * (2 * y - 1) - rng.normal(size=y.shape)))
            config = config_of("dataset=chestxray14", f"pretraining={arm}", "split=stratified",
                               "sample_size=natural", f"sample_size.repeat={repeat}",
                               "augmentation=none", "trainer=cpu")  # fmt: skip
            write_record(
                Record.of(str(tmp_path), f"{k}{repeat}" * 8), Task.MULTILABEL, ["x", "y"],
                {"train": y, "val": y, "test": y}, {"val": prob, "test": prob}, config=config,
            )  # fmt: skip
    for words, score in (((), "test/auroc"), (("target=y",), "test/y/auroc")):
        found = answer(Asked.of([str(tmp_path), *words]))
        made = dashboard.workspace("me", "films", found, [])
        bars, dots = made.sections[0].panels[1:]
        assert bars.metrics[0].name == dots.y.name == score
        pinned = made.runset_settings.pinned_columns
        assert f"summary:{score}" in pinned
        assert (f"summary:{score}_low" in pinned) == (not words)  # sent of the mean alone


def test_wandb_reads_it_back(dashboard, made):
    import wandb_workspaces.workspaces as ws
    from wandb_workspaces.workspaces import internal

    spec = dashboard.specification(made[0])
    again = ws.Workspace._from_model(internal.View.model_validate(spec))
    assert [section.name for section in again.sections] == ["Arms", "Curves", "Test"]
    for one, other in zip(again.sections, made[0].sections, strict=True):
        for panel, first in zip(one.panels, other.panels, strict=True):
            if "Weave" not in type(first).__name__:  # its layout is not read back
                assert panel._to_model() == first._to_model()


def test_show_prints_it_and_a_place_is_asked_for(dashboard, records, monkeypatch, capsys):
    root = str(records[0].folder.parents[1])
    monkeypatch.setattr(sys, "argv", ["x", "show", root])
    dashboard.main()
    assert json.loads(capsys.readouterr().out)["spec"]
    for words, told in (
        (["hernia", root], "hernia is no place: write ACCOUNT/PROJECT"),
        (["a/b", root, "pretraining=mura"], "No run has pretraining=mura"),
    ):
        monkeypatch.setattr(sys, "argv", ["x", *words])
        with pytest.raises(SystemExit) as ended:
            dashboard.main()
        assert ended.value.code == 2
        assert capsys.readouterr().err.startswith(told)


def test_without_an_account_saving_is_one_sentence(dashboard, records, monkeypatch, capsys):
    import wandb_workspaces.workspaces as ws

    def save(self):
        raise ValueError("No API key\nconfigured.")

    monkeypatch.setattr(ws.Workspace, "save", save)
    monkeypatch.setattr(sys, "argv", ["x", "a/b", str(records[0].folder.parents[1])])
    with pytest.raises(SystemExit) as ended:
        dashboard.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == ("W&B has not saved the workspace: No API key configured.\n")
