"""Labels that another column gives away, and those that only seem to be."""

import numpy as np
import pandas as pd
import pytest

from medsmall.audit.metadata import label_equals_metadata
from medsmall.dataset.table import Table
from medsmall.task import Task

N = 200


@pytest.fixture
def rows():
    rng = np.random.default_rng(3)
    label = (np.arange(N) % 3 == 0).astype(float)
    return pd.DataFrame(
        {
            "image": [f"{i}.png" for i in range(N)],
            "patient": [str(i // 2) for i in range(N)],
            "part": rng.choice(["train", "test"], N),
            "split": rng.choice(["train_val", "test"], N),
            "a": label,
            "b": rng.permutation(label),
            "age": rng.uniform(20, 80, N),
            "sex": rng.choice(["F", "M", ""], N),
            "view": "PA",
            "study": [f"study{i}" for i in range(N)],
        }
    )


def found(rows, targets=("a", "b"), task=Task.MULTILABEL):
    table = label_equals_metadata(rows, ["a", "b"], list(targets), task)
    assert (table["check"] == "label_equals_metadata").all()
    return list(zip(table["severity"], table["explanation"], strict=True))


def test_nothing_where_nothing_is(rows):
    """Nor for a constant column (view), or one that names each image (study)."""
    assert found(rows) == []


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("view", lambda r: np.where(r["a"] == 1, "AP", "PA"), "positive exactly where view is AP"),
        ("split", lambda r: np.where(r["a"] == 1, "test", "train"), "where split is test"),
        ("sex", lambda r: np.where(r["a"] == 1, "", "M") , None),  # where it is known: constant
        ("age", lambda r: r["a"] * 50 + r["age"] / 4, "is positive exactly at age 5"),
        ("age", lambda r: 90 - r["a"] * 50 - r["age"] / 4, "is negative exactly at age"),
        ("site", lambda r: [f"{'xy'[int(v)]}{i % 4}" for i, v in enumerate(r["a"])], "y0, y1, y2"),
    ],
)  # fmt: skip
def test_a_column_that_determines_the_target(rows, column, value, words):
    rows[column] = value(rows)
    if words is None:
        assert found(rows) == []
    else:
        ((severity, sentence),) = found(rows)
        assert severity == "fault"
        assert words in sentence


def test_only_rows_where_both_are_known_count(rows):
    rows["view"] = np.where(rows["a"] == 1, "AP", "PA")
    rows.loc[:20, "view"] = ""
    rows.loc[15:30, "a"] = np.nan
    assert len(found(rows)) == 1
    rows.loc[40, "view"] = "PA" if rows.loc[40, "a"] == 1 else "AP"
    assert found(rows) == []


def test_the_label_in_words_is_a_notice(rows):
    rows["diagnosis"] = np.where(rows["a"] == 1, "flu", "Normal")
    ((severity, sentence),) = found(rows)
    assert severity == "notice"
    assert "in words" in sentence


def test_targets_that_repeat_each_other(rows):
    rows["b"] = rows["a"]
    assert found(rows) == [("fault", "target b equals target a")]
    rows["b"] = 1 - rows["a"]
    assert found(rows) == [("notice", "target b is the opposite of target a")]
    assert found(rows, task=Task.MULTICLASS) == []  # one of two classes: opposite by definition
    assert found(rows, targets=["a"], task=Task.BINARY) == []


def test_few_patients_prove_nothing(rows):
    few = rows.iloc[:16].assign(view=lambda r: np.where(r["a"] == 1, "AP", "PA"))
    assert found(few) == []
    one_patient = rows.assign(patient="1", view=np.where(rows["a"] == 1, "AP", "PA"))
    assert found(one_patient) == []


def test_a_number_to_regress_that_is_in_the_table(rows):
    rows["a"] = rows["age"]
    assert found(rows, targets=["a"], task=Task.REGRESSION) == [
        ("fault", "target a equals column age")
    ]
    rows.loc[3, "age"] += 1
    assert found(rows, targets=["a"], task=Task.REGRESSION) == []


def of_own_table(tmp_path, rows, **options):
    """What is found in somebody's own table, which is read as text."""
    rows.drop(columns=["part", "split"]).to_csv(tmp_path / "images.csv", index=False)
    data = Table(str(tmp_path), patient="patient", **options)
    table = label_equals_metadata(data.table(), data.labels, data.targets, data.task)
    return list(zip(table["severity"], table["explanation"], strict=True))


def test_numbers_of_an_own_table(tmp_path, rows):
    mm = np.random.default_rng(5).uniform(1, 9, N).round(2)
    blank = np.arange(N) % 7 == 0
    words = np.where(np.arange(N) % 14 == 0, "N/A", "")
    rows["random_mm"] = mm
    rows["number"] = np.argsort(np.argsort(-rows["a"], kind="stable"), kind="stable")  # a's first
    rows = rows.sort_values("number")
    assert of_own_table(tmp_path, rows, targets=["a", "b"]) == []
    rows["lesion_mm"] = np.where(blank, words, (rows["a"] * 10 + mm[: len(rows)]).astype(str))
    ((severity, sentence),) = of_own_table(tmp_path, rows, targets=["a", "b"])
    assert severity == "fault"
    assert "target a is positive exactly at lesion_mm 1" in sentence


def test_codes_of_an_own_table(tmp_path, rows):
    """Numbers that no threshold parts, yet each goes with one class."""
    code = np.random.default_rng(5).choice([1, 3], N)
    rows["site_code"] = np.where(rows["a"] == 1, 2, code)
    ((severity, sentence),) = of_own_table(tmp_path, rows, targets=["a", "b"])
    assert (severity, sentence) == ("fault", "target a is positive exactly where site_code is 2")


def test_an_own_number_to_regress_twice_in_the_table(tmp_path, rows):
    rows["months"] = rows["age"].round(1)
    rows["bone_age"] = rows["months"].map("{:.2f}".format)
    found = of_own_table(tmp_path, rows, targets=["months"])
    assert found == [("fault", "target months equals column bone_age")]


@pytest.mark.parametrize("seed", range(10))
def test_random_numbers_are_no_finding(rows, seed):
    rng = np.random.default_rng(seed)
    rows["mm"] = rng.normal(size=N).astype(str)
    rows["count"] = rng.integers(0, 12, N).astype(str)
    assert found(rows) == []
