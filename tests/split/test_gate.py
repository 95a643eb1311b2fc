"""What a part needs to be learnt from or scored, for each kind of task."""

import numpy as np
import pandas as pd
import pytest

from medsmall.errors import MedsmallError
from medsmall.split.gate import FEW_PATIENTS, PARTS, check_classes, few_patients
from medsmall.task import Task


def three_parts(**columns):
    table = pd.DataFrame(columns, dtype=float)
    table["patient"] = [f"p{i}" for i in range(len(table))]
    return table, pd.Series(np.repeat(PARTS, len(table) // 3), index=table.index)


def test_a_binary_target_needs_both_classes_in_every_part():
    table, split = three_parts(Hernia=[1, 0, 1, 0, 1, np.nan])
    with pytest.raises(MedsmallError, match=r"test part .*no negative among 1 known .*Hernia"):
        check_classes(table, split, ["Hernia"], Task.BINARY)
    table["Hernia"] = [1, 0, 1, 0, 1, 0]
    assert check_classes(table, split, ["Hernia"], Task.BINARY) == []


def test_multilabel_targets_may_be_undefined_outside_train():
    table, split = three_parts(A=[1, 0, 0, 0, 0, 0], B=[0, 1, 0, 1, 1, np.nan])
    check_classes(table, split, ["A", "B"], Task.MULTILABEL)
    table["A"] = 0.0
    with pytest.raises(MedsmallError, match=r"train part .*no positive among 2 known .*target A"):
        check_classes(table, split, ["A", "B"], Task.MULTILABEL)
    table, split = three_parts(A=[1, 0, np.nan, np.nan, 0, 0], B=[0, 1, np.nan, np.nan, 1, 0])
    with pytest.raises(MedsmallError, match=r"val part .*among 0 known labels"):
        check_classes(table, split, ["A", "B"], Task.MULTILABEL)


def test_classes_that_a_part_lacks_are_told_as_long_as_two_are_there():
    classes = np.array([0, 1, 2, 0, 1, 2, 0, 1, 1])
    table, split = three_parts(**{name: classes == k for k, name in enumerate("ABC")})
    (notice,) = check_classes(table, split, list("ABC"), Task.MULTICLASS)
    assert notice == "The test part of the split has no image of C: it cannot be scored there."
    classes[[2, 8]] = 0
    table, split = three_parts(**{name: classes == k for k, name in enumerate("ABC")})
    assert len(check_classes(table, split, list("ABC"), Task.MULTICLASS)) == 2


def test_two_exclusive_classes_are_needed_in_every_part():
    table, split = three_parts(A=[1, 0, 1, 0, 1, 1], B=[0, 1, 0, 1, 0, 0])
    with pytest.raises(MedsmallError, match=r"test part .*no positive among 2 .*target B"):
        check_classes(table, split, ["A", "B"], Task.MULTICLASS)
    table, split = three_parts(A=[1, 0, 1, 0, 1, 0], B=[0, 1, 0, 1, 0, 1])
    check_classes(table, split, ["A", "B"], Task.MULTICLASS)


def test_a_regression_needs_two_values_in_every_part():
    table, split = three_parts(months=[12, 30, 7, 90, 50, 50])
    with pytest.raises(MedsmallError, match="test part .*no two different values among 2"):
        check_classes(table, split, ["months"], Task.REGRESSION)
    table["months"] = [12, 30, 7, 90, 50, 51]
    check_classes(table, split, ["months"], Task.REGRESSION)


def test_a_value_that_is_no_class_is_refused():
    table, split = three_parts(A=[1, -1, 1, 0, 1, 0])
    with pytest.raises(MedsmallError, match="Target A holds -1"):
        check_classes(table, split, ["A"], Task.BINARY)


def test_what_a_published_test_part_lacks_is_told_and_not_refused():
    table, split = three_parts(A=[1, 0, 1, 0, 1, 1])
    with pytest.raises(MedsmallError, match="test part .*no negative.*split=stratified"):
        check_classes(table, split, ["A"], Task.BINARY)
    (notice,) = check_classes(table, split, ["A"], Task.BINARY, published_test=True)
    assert "no negative among 2 known labels (target A)" in notice


def test_few_patients_are_told():
    table = pd.DataFrame({"patient": [f"p{i}" for i in range(FEW_PATIENTS)]})
    assert few_patients(table) == []
    (notice,) = few_patients(table[:7])
    assert "only 7 patients" in notice
