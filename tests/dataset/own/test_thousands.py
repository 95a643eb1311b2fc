"""Points between thousands are not decimal points."""

import pandas as pd
import pytest

from medsmall.dataset.own.column import Column
from medsmall.errors import MedsmallError


def column(tmp_path, *cells):
    return Column(tmp_path / "t.csv", pd.Series(cells, name="weight", dtype="str"))


@pytest.mark.parametrize("cells", [("3.662", "921"), ("1.250", "980", "2.900", "")])
def test_they_are_refused_beside_whole_numbers_of_three_digits(tmp_path, cells):
    with pytest.raises(MedsmallError, match="may be .* with a point between thousands.*without"):
        column(tmp_path, *cells).numbers()


@pytest.mark.parametrize(
    "cells",
    [("3.662", "2.893"), ("3.662", "92"), ("3.66", "921"), ("0.662", "921"), ("3.6620", "921")],
)
def test_decimals_are_numbers(tmp_path, cells):
    assert column(tmp_path, *cells).numbers().tolist() == [float(cell) for cell in cells]
