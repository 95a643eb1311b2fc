"""What the person at the terminal sees of a record."""

import re

import numpy as np
import pytest
from made_records import write_record

from medsmall.record import Record, summary
from medsmall.record.summary import show
from medsmall.task import Task
from medsmall.terminal import Terminal


@pytest.fixture
def shown(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(summary, "console", Terminal(width=160))

    def of(task, names, labels, predicted):
        """The lines shown of labels (N, K) by part and predictions of val and test."""
        show(write_record(Record(tmp_path), task, names, labels, predicted))
        return capsys.readouterr().out

    return of


def test_findings_with_few_labels_are_marked_and_the_mean_of_the_learnt_is_shown(shown):
    rng = np.random.default_rng(0)
    names = ["Edema", "Hernia"]
    labels = {part: (rng.random((n, 2)) < 0.5).astype(float)
              for part, n in (("train", 50), ("val", 80), ("test", 200))}  # fmt: skip
    labels["train"][:, 1] = 0
    labels["test"][:, 1] = np.arange(200) < 5
    found = shown(
        Task.MULTILABEL,
        names,
        labels,
        {p: rng.random((len(labels[p]), 2)) for p in ("val", "test")},
    )
    edema, hernia = (next(line for line in found.splitlines() if name in line) for name in names)
    assert "?" not in edema
    assert hernia.count("?") == 5
    assert "mean of 2 " in found
    assert "mean of the learnt 1 " in found
    assert "?: unreliable, with fewer than 10 positives or negatives in the test" in found
    assert (
        "at the threshold chosen on validation for the largest sensitivity + specificity." in found
    )
    assert "after 50 + 13 labelled images (train + validation)" in found


@pytest.mark.parametrize(
    ("positives", "source"),
    [(40, "the threshold chosen on validation"), (2, "the share of positives in training")],
)
def test_the_threshold_of_one_finding_is_shown(shown, positives, source):
    rng = np.random.default_rng(0)
    sizes = {"train": 50, "val": 80, "test": 200}
    labels = {part: (rng.random((n, 1)) < 0.3).astype(float) for part, n in sizes.items()}
    labels["val"][:, 0] = np.arange(80) < positives
    values = {part: 0.3 + 0.6 * labels[part] for part in ("val", "test")}
    found = shown(Task.BINARY, ["Hernia"], labels, values)
    expected = labels["train"].mean() if positives == 2 else 0.6
    assert f"at {expected:.2f}, {source}" in found


def test_classes_stand_beside_the_commonest_one(shown):
    rng = np.random.default_rng(0)
    names = ["nv", "mel", "bcc"]
    labels = {part: np.eye(3)[rng.choice(3, n, p=[0.7, 0.2, 0.1])]
              for part, n in (("train", 50), ("val", 40), ("test", 300))}  # fmt: skip
    always = {part: np.tile([0.8, 0.1, 0.1], (len(labels[part]), 1)) for part in ("val", "test")}
    found = shown(Task.MULTICLASS, names, labels, always)
    (run,) = (line for line in found.splitlines() if "this run" in line)
    (constant,) = (line for line in found.splitlines() if "always nv" in line)
    assert run.replace("this run ", "always nv") == constant
    assert "one vs rest" in found
    assert "spec." not in found
    (mean,) = (line for line in found.splitlines() if "mean of 3" in line)
    assert "(1)" in mean  # the precision of one class alone is defined


def test_each_score_has_its_interval_below_unless_patients_are_too_few(shown):
    rng = np.random.default_rng(0)
    labels = {part: (rng.random((n, 2)) < 0.4).astype(float)
              for part, n in (("train", 50), ("val", 80), ("test", 200))}  # fmt: skip
    labels["test"][:, 1] = np.arange(200) < 6
    values = {part: 0.2 + 0.6 * rng.random((len(labels[part]), 2)) for part in ("val", "test")}
    found = shown(Task.MULTILABEL, ["Edema", "Hernia"], labels, values).splitlines()
    (edema,) = (k for k, line in enumerate(found) if "Edema" in line)
    low, high = map(float, re.findall(r"([.]\d\d)–([.]\d\d)", found[edema + 1])[0])
    assert low < float(found[edema].split("│")[4]) < high
    assert found[edema + 1].count("–") == 5
    (hernia,) = (k for k, line in enumerate(found) if "Hernia" in line and "│" in line)
    assert found[hernia + 1].count("–") == 1  # specificity alone rests on enough patients
    assert any("its 95% interval over patients" in line for line in found)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, ".50"), (1.0, "1.00"), (-0.05, "-.05"), (9.876, "9.88"), (123.4, "123")],
)
def test_ends_of_intervals_are_short(value, text):
    assert summary._short(value) == text


def test_probabilities_of_a_balanced_fit_are_told_with_those_for_the_population():
    def told(positives, population=0.02):
        targets = {"a": {"n": 1000, "n_positive": positives}}
        test = {"loss": 0.6, "corrected_loss": 0.1, "targets": targets}
        shares = {"fit": {"a": 0.5}, "population": {"a": population}}
        return summary._corrected({"test": test, "prevalence": shares})

    (like_it,) = told(20)
    assert "are for 50% positives, as the fit saw them" in like_it
    assert "(2% positives) are in the columns corrected_" in like_it
    assert like_it.endswith("their log loss is 0.100 instead of 0.600.")
    (unlike,) = told(400)
    assert "log loss" not in unlike
    assert summary._corrected({"test": {"loss": 0.6}}) == []
