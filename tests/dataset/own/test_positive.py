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
    with pytest.raises(MedsmallError, match="has 3 classes, but dataset.positive chooses one of"):
        _ = table(tmp_path, ["a", "b", "c"], positive="a").labels


@pytest.mark.parametrize("option", [{"positive": "1.5"}, {"merge": {"1.5": "2.5"}}])
def test_numbers_have_no_positive(tmp_path, option):
    with pytest.raises(MedsmallError, match="holds numbers.*leave them out"):
        _ = table(tmp_path, ["1.5", "2.5", "7.25"], **option).labels
