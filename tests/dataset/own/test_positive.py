"""dataset.positive and dataset.merge act on every column of classes, or are refused."""

import pytest

from medsmall.dataset.table import Table
from medsmall.errors import MedsmallError


def table(folder, cells, **options):
    rows = [f"{i}.png,{cell}" for i, cell in enumerate(cells)]
    (folder / "images.csv").write_text("\n".join(["image,healthy", *rows]) + "\n")
    return Table(str(folder), label="healthy", **options)


@pytest.mark.parametrize(
    "cells", [["yes", "no", "no"], ["1", "0", "0"], ["True", "False", "False"]]
)
def test_the_positive_of_yes_and_no_can_be_chosen(tmp_path, cells):
    made = table(tmp_path, cells, positive=cells[1])
    assert made.labels == [cells[1]]
    assert made._labels.values(made.targets, made.task)[cells[1]].tolist() == [0, 1, 1]
    assert table(tmp_path, cells).labels == ["healthy"]  # by itself yes is positive


def test_a_positive_that_is_no_value_is_refused(tmp_path):
    with pytest.raises(MedsmallError, match="no class 'maybe'"):
        _ = table(tmp_path, ["yes", "no"], positive="maybe").labels


def test_a_positive_of_three_classes_is_refused(tmp_path):
    with pytest.raises(
        MedsmallError, match=r"has 3 classes \(a, b, c\), but dataset.positive chooses"
    ):
        _ = table(tmp_path, ["a", "b", "c"], positive="a").labels


@pytest.mark.parametrize("option", [{"positive": "1.5"}, {"merge": {"1.5": "2.5"}}])
def test_numbers_have_no_positive(tmp_path, option):
    with pytest.raises(MedsmallError, match="holds numbers.*leave them out"):
        _ = table(tmp_path, ["1.5", "2.5", "7.25"], **option).labels


def test_a_word_can_be_called_unknown(tmp_path):
    cells = ["a", "b", "unklar", "n. b.", "nicht befundet"]
    made = table(tmp_path, cells, merge={"unklar": ""}, positive="a")
    assert made.labels == ["a"]
    values = made._labels.values(made.targets, made.task)["a"]
    assert values[:2].tolist() == [1, 0]
    assert values[2:].tolist() == pytest.approx([float("nan")] * 3, nan_ok=True)


def test_one_of_several_findings_is_binary_though_all_are_multilabel(tmp_path):
    (tmp_path / "images.csv").write_text("image,a,b\n0.png,1,\n1.png,0,1\n2.png,1,0\n")
    both = Table(str(tmp_path), targets=["a", "b"], task="multilabel")
    assert str(both.task) == "multilabel"
    one = Table(str(tmp_path), targets=["a"], task="multilabel")
    assert str(one.task) == "binary"
    with pytest.raises(MedsmallError, match="does not fit 1 target.*set dataset.task=null"):
        _ = Table(str(tmp_path), targets=["a"], task="multiclass").task
