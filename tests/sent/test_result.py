"""What came out, by the record alone: numbers that others compute, too."""

import numpy as np
import pytest
from made_records import config_of, sweep, write_record
from sklearn.metrics import auc, roc_auc_score

from medsmall.record import Record
from medsmall.record.predicted import Predicted
from medsmall.sent.charts import MOST, charts
from medsmall.sent.result import result
from medsmall.task import Task


@pytest.fixture
def finding(tmp_path):
    (record,) = sweep(tmp_path, {"none": 0.5}, sizes=(50,), repeats=1)
    record.write_json("environment.json", {"seconds": 2.0, "device": "cpu", "packages": {}})
    (record.folder / "DONE").unlink()  # as while it is made
    return record


@pytest.fixture
def classes(tmp_path):
    rng = np.random.default_rng(0)
    labels = {part: np.eye(3)[rng.integers(0, 3, 90)] for part in ("train", "val", "test")}
    values = {}
    for part in ("val", "test"):
        raw = rng.random((90, 3)) + labels[part]
        values[part] = raw / raw.sum(1, keepdims=True)
    config = config_of("dataset=ham10000", "split=stratified", "sample_size=natural",
                       "augmentation=none", "loss=cross_entropy", "trainer=cpu")  # fmt: skip
    record = write_record(
        Record.of(str(tmp_path), "c" * 16), Task.MULTICLASS, ["a", "b", "c"], labels, values,
        config=config, dataset="ham10000",
    )  # fmt: skip
    record.write_json("environment.json", {"seconds": 2.0, "packages": {"torch": "2"}})
    (record.folder / "DONE").unlink()
    return record


def test_the_numbers_are_those_of_the_record_with_their_interval(finding):
    found = result(finding)
    auroc = finding.metrics["test"]["mean"]["auroc"]
    assert found.numbers["test/auroc"] == auroc == found.numbers["test/Hernia/auroc"]
    assert found.numbers["val/auroc"] == finding.metrics["val"]["mean"]["auroc"]
    assert found.numbers["test/auroc_low"] < auroc < found.numbers["test/auroc_high"]
    assert "test/auroc_over" not in found.numbers  # the mean is over all
    (row,) = found.table.to_dict("records")
    assert (row["arm"], row["n"], row["repeat"], row["target"]) == (
        "no pretraining, gradual_unfreezing, no augmentation", 50, 0, "Hernia",
    )  # fmt: skip
    assert (row["auroc"], row["n_test"]) == (auroc, 240)
    assert row["auroc_low"] == found.numbers["test/auroc_low"]


def test_classes_have_the_metrics_of_the_most_probable_one(classes):
    found, test = result(classes), classes.metrics["test"]
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "cohen_kappa"):
        assert found.numbers[f"test/{name}"] == test[name]
        assert found.numbers[f"test/majority/{name}"] == test["majority"][name]
    assert found.numbers["test/b/recall"] == test["targets"]["b"]["recall"]
    (confusion,) = [chart for chart in found.charts if chart.name == "test/confusion"]
    assert np.diag(confusion.counts).sum() / 90 == pytest.approx(test["accuracy"])


def test_the_area_under_the_curve_that_is_sent_is_the_auroc(classes):
    of_name = {chart.name: chart for chart in charts(Predicted.of(classes))}
    table = classes.predictions
    for target in "abc":
        expected = roc_auc_score(table[target], table[f"prob_{target}"])
        assert auc(*of_name["test/roc"].lines[target]) == pytest.approx(expected)
    for x, y in of_name["test/pr"].lines.values():
        assert x == sorted(x)
        assert (x[0], x[-1]) == (0, 1)
        assert 0 <= min(y) <= max(y) <= 1


def test_long_curves_are_thinned_and_keep_their_ends(tmp_path):
    (record,) = sweep(tmp_path, {"none": 0.5}, sizes=(50,), repeats=1, test=4000)
    for chart in charts(Predicted.of(record))[:2]:
        ((x, y),) = chart.lines.values()
        assert len(x) == len(y) <= MOST
        assert (x[0], x[-1]) == (0, 1)
    table, roc = record.predictions, charts(Predicted.of(record))[0]
    expected = roc_auc_score(table["Hernia"], table["prob_Hernia"])
    assert auc(*roc.lines["Hernia"]) == pytest.approx(expected, abs=2e-3)


def test_the_confusion_of_a_finding_is_at_its_threshold(finding):
    test = finding.metrics["test"]["targets"]["Hernia"]
    *_, confusion = charts(Predicted.of(finding))
    (tn, fp), (fn, tp) = confusion.counts
    assert tp / (tp + fn) == pytest.approx(test["sensitivity"])
    assert tn / (tn + fp) == pytest.approx(test["specificity"])


def test_no_patient_and_no_image_is_in_it(finding):
    text = repr(result(finding)) + result(finding).table.to_csv()
    for column in ("image", "patient"):
        names = {*finding.predictions[column]}
        assert len(names) > 10
        assert not [name for name in names if f"'{name}'" in text or f",{name}," in text]
