"""Splits: by patient, disjoint, deterministic, and refused with a remedy where they cannot be."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsmall.errors import MedsmallError
from medsmall.split import PARTS, ByPatient, Official, check_classes, check_disjoint


def make_table(patients=100, images=300, split="", prevalence=0.3, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "image": [f"{i:06}.png" for i in range(images)],
            "patient": [f"p{p:05}" for p in rng.integers(patients, size=images)],
            "split": split,
            "Hernia": (rng.random(images) < prevalence).astype(float),
        }
    )


def official_table():
    table = make_table()
    table["split"] = np.where(table["patient"] < "p00080", "train_val", "test")
    return table


@pytest.mark.parametrize(
    ("rule", "table"), [(ByPatient(), make_table()), (Official(), official_table())]
)
def test_no_patient_is_in_two_parts_and_row_order_has_no_say(rule, table):
    split = rule.assign(table, ["Hernia"])
    assert set(split) == set(PARTS)
    assert split.index.equals(table.index)
    assert split.groupby(table["patient"]).nunique().max() == 1
    shuffled = table.sample(frac=1, random_state=3)
    assert rule.assign(shuffled, ["Hernia"]).sort_index().equals(split)


@given(st.integers(10, 200), st.integers(0, 2**40))
@settings(max_examples=25, deadline=None)
def test_by_patient_keeps_its_shares_for_any_seed(patients, seed):
    table = pd.DataFrame({"patient": [f"p{i}" for i in range(patients)], "split": ""})
    counts = ByPatient(seed=seed).assign(table, []).value_counts()
    assert counts["test"] == round(0.2 * patients)
    assert counts["val"] == round(0.1 * patients)


def test_another_seed_is_another_split():
    table = make_table()
    assert not ByPatient(seed=1).assign(table, []).equals(ByPatient(seed=2).assign(table, []))


def test_test_patients_stay_when_only_train_and_val_are_traded():
    table = make_table()
    few, many = (ByPatient(0.8 - val, val, 0.2).assign(table, []) for val in (0.1, 0.3))
    assert ((few == "test") == (many == "test")).all()
    assert (many[few == "val"] == "val").all()


def test_official_keeps_what_is_published_and_divides_train_val_by_patients():
    table = official_table()
    split = Official(val_fraction=0.25).assign(table, ["Hernia"])
    assert ((split == "test") == (table["split"] == "test")).all()
    inside = table["split"] == "train_val"
    assert table[split == "val"]["patient"].nunique() == round(
        0.25 * table[inside]["patient"].nunique()
    )
    published = table.assign(split=split)
    assert (Official(seed=7).assign(published, ["Hernia"]) == split).all()


def test_official_refuses_what_it_cannot_know():
    table = official_table()
    with pytest.raises(MedsmallError, match="no official split: set split=by_patient"):
        Official().assign(table.assign(split=""), [])
    table.loc[:2, "split"] = ""
    with pytest.raises(MedsmallError, match="nothing about 3 of 300 images"):
        Official().assign(table, [])
    with pytest.raises(MedsmallError, match=r"The test part .* set split=by_patient"):
        Official().assign(table.assign(split="train_val"), [])
    with pytest.raises(MedsmallError, match="The val part"):
        Official().assign(official_table().replace("train_val", "train"), [])
    with pytest.raises(MedsmallError, match=r"'valid' .did you mean 'val'"):
        Official().assign(table.assign(split="valid"), [])


def test_the_leakage_gate_also_guards_an_official_split():
    table = official_table()
    leak = table.index[table["split"] == "test"][0]
    table.loc[leak, "patient"] = table[table["split"] == "train_val"]["patient"].iloc[0]
    with pytest.raises(MedsmallError, match=r"1 patient\(s\).*set split=by_patient"):
        Official().assign(table, ["Hernia"])
    by_image = pd.Series(np.resize(PARTS, len(table)), index=table.index)
    with pytest.raises(MedsmallError, match=r"p00000, p00001, p00002, \.\.\."):
        check_disjoint(table, by_image)


def test_an_image_without_patient_is_refused():
    table = make_table()
    table.loc[0, "patient"] = ""
    with pytest.raises(MedsmallError, match="1 of 300 images name no patient"):
        ByPatient().assign(table, [])


@pytest.mark.parametrize("shares", [(0.7, 0.1, 0.1), (1.1, -0.3, 0.2), (0.8, 0.0, 0.2)])
def test_bad_shares_are_refused(shares):
    with pytest.raises(MedsmallError, match="sum to 1"):
        ByPatient(*shares)


def test_a_part_without_a_patient_is_refused():
    with pytest.raises(MedsmallError, match="The val part of the split gets no patient"):
        ByPatient().assign(make_table(patients=3), [])
    with pytest.raises(MedsmallError, match="val_fraction=0"):
        Official(val_fraction=0.0)
    with pytest.raises(MedsmallError, match="seed=-1"):
        ByPatient(seed=-1)


def three_parts(**columns):
    table = pd.DataFrame(columns, dtype=float)
    return table, pd.Series(np.repeat(PARTS, len(table) // 3), index=table.index)


def test_a_binary_target_needs_both_classes_in_every_part():
    table, split = three_parts(Hernia=[1, 0, 1, 0, 1, np.nan])
    with pytest.raises(MedsmallError, match=r"test part .*no negative among 1 known .*Hernia"):
        check_classes(table, split, ["Hernia"], exclusive=False)
    table["Hernia"] = [1, 0, 1, 0, 1, 0]
    check_classes(table, split, ["Hernia"], exclusive=False)


def test_multilabel_targets_may_be_undefined_outside_train():
    table, split = three_parts(A=[1, 0, 0, 0, 0, 0], B=[0, 1, 0, 1, 1, np.nan])
    check_classes(table, split, ["A", "B"], exclusive=False)
    table["A"] = 0.0
    with pytest.raises(MedsmallError, match=r"train part .*no positive among 2 known .*target A"):
        check_classes(table, split, ["A", "B"], exclusive=False)
    table, split = three_parts(A=[1, 0, np.nan, np.nan, 0, 0], B=[0, 1, np.nan, np.nan, 1, 0])
    with pytest.raises(MedsmallError, match=r"val part .*among 0 known labels"):
        check_classes(table, split, ["A", "B"], exclusive=False)


def test_every_exclusive_class_is_needed_in_every_part():
    table, split = three_parts(A=[1, 0, 1, 0, 1, 1], B=[0, 1, 0, 1, 0, 0])
    with pytest.raises(MedsmallError, match=r"test part .*no positive among 2 .*target B"):
        check_classes(table, split, ["A", "B"], exclusive=True)
    table, split = three_parts(A=[1, 0, 1, 0, 1, 0], B=[0, 1, 0, 1, 0, 1])
    check_classes(table, split, ["A", "B"], exclusive=True)


def test_a_value_that_is_no_class_is_refused():
    table, split = three_parts(A=[1, -1, 1, 0, 1, 0])
    with pytest.raises(MedsmallError, match="Target A holds -1"):
        check_classes(table, split, ["A"], exclusive=False)


def test_a_table_as_large_as_chestxray14_is_split_at_once():
    table = make_table(patients=30805, images=112120)
    start = time.perf_counter()
    ByPatient().assign(table, ["Hernia"])
    assert time.perf_counter() - start < 2  # about 0.1 s; the bound allows for a busy machine


def test_what_a_published_test_part_lacks_is_told_and_not_refused():
    table, split = three_parts(A=[1, 0, 1, 0, 1, 1])
    with pytest.raises(MedsmallError, match="test part .*no negative"):
        check_classes(table, split, ["A"], exclusive=False)
    (notice,) = check_classes(table, split, ["A"], exclusive=False, published_test=True)
    assert "no negative among 2 known labels (target A)" in notice
