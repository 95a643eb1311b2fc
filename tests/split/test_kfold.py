"""Cross-validation: every image is tested on once, and every fold is like the whole."""

import numpy as np
import pandas as pd
import pytest
from deviation import deviation
from hypothesis import given, settings
from hypothesis import strategies as st

from medsmall.errors import MedsmallError
from medsmall.split import PARTS, KFold


@given(folds=st.integers(2, 6), seed=st.integers(0, 2**32))
@settings(max_examples=6, deadline=None)
def test_every_image_is_in_one_test_part_and_no_patient_in_two_parts(make_uneven, folds, seed):
    table = make_uneven(patients=80, targets=3, tail=2.5, seed=seed % 1000)
    tested = pd.Series(0, index=table.index)
    shuffled = table.sample(frac=1, random_state=seed % 1000)
    for fold in range(folds):
        rule = KFold(fold=fold, folds=folds, seed=seed)
        split = rule.assign(table, ["T0", "T1", "T2"])
        assert set(split) == set(PARTS)
        assert (split.groupby(table["patient"]).nunique() == 1).all()
        assert rule.assign(shuffled, ["T0", "T1", "T2"]).sort_index().equals(split)
        tested += split == "test"
    assert (tested == 1).all()


def test_every_fold_and_its_val_part_are_like_the_whole(make_uneven):
    table = make_uneven(patients=2000, targets=10, tail=2.5)
    targets = [f"T{i}" for i in range(10)]
    for fold in range(5):
        split = KFold(fold=fold).assign(table, targets)
        shares = split.value_counts(normalize=True).to_dict()
        assert shares == pytest.approx({"train": 0.7, "val": 0.1, "test": 0.2}, rel=0.01)
        assert deviation(table, split, targets).abs().max(axis=None) < 0.1


def test_a_rare_target_is_spread_over_as_many_folds_as_have_it():
    table = pd.DataFrame(
        {"patient": [f"p{i:03}" for i in range(100)], "rare": [1.0] * 4 + [0.0] * 96}
    )
    positives = [
        table["rare"][KFold(fold=fold).assign(table, ["rare"]) == "test"].sum() for fold in range(5)
    ]
    assert sorted(positives) == [0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fold": 5}, "split.fold=5 is not one of the 5 folds.*choose 0 to 4"),
        ({"fold": -1}, "split.fold=-1"),
        ({"folds": 1}, "split.folds=1 is too few"),
        ({"val": 0.0}, "split.val=0.0 leaves train or val"),
        ({"folds": 2, "val": 0.5}, "below 0.5"),
        ({"seed": -3}, "seed=-3"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(MedsmallError, match=message):
        KFold(**arguments)


def test_more_folds_than_patients_is_refused():
    table = pd.DataFrame({"patient": list("abc"), "T": np.array([1.0, 0, 1])})
    with pytest.raises(MedsmallError, match="split.folds=5 is more than the 3 patients"):
        KFold(fold=0, folds=5).assign(table, ["T"])
