"""Random splits: shares of the patients, another for each seed, the same whatever the row order."""

import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsmall.errors import MedsmallError
from medsmall.split.by_patient import ByPatient
from medsmall.split.gate import PARTS


def test_no_patient_is_in_two_parts_and_row_order_has_no_say(make_table):
    table = make_table()
    split = ByPatient().assign(table, ["Hernia"])
    assert set(split) == set(PARTS)
    assert split.index.equals(table.index)
    assert split.groupby(table["patient"]).nunique().max() == 1
    shuffled = table.sample(frac=1, random_state=3)
    assert ByPatient().assign(shuffled, ["Hernia"]).sort_index().equals(split)


@given(st.integers(10, 200), st.integers(0, 2**40))
@settings(max_examples=15, deadline=None)
def test_by_patient_keeps_its_shares_for_any_seed(patients, seed):
    table = pd.DataFrame({"patient": [f"p{i}" for i in range(patients)], "split": ""})
    counts = ByPatient(seed=seed).assign(table, []).value_counts()
    assert counts["test"] == round(0.2 * patients)
    assert counts["val"] == round(0.1 * patients)


def test_another_seed_is_another_split(make_table):
    table = make_table()
    assert not ByPatient(seed=1).assign(table, []).equals(ByPatient(seed=2).assign(table, []))


def test_test_patients_stay_when_only_train_and_val_are_traded(make_table):
    table = make_table()
    few, many = (ByPatient(0.8 - val, val, 0.2).assign(table, []) for val in (0.1, 0.3))
    assert ((few == "test") == (many == "test")).all()
    assert (many[few == "val"] == "val").all()


def test_an_image_without_patient_is_refused(make_table):
    table = make_table()
    table.loc[0, "patient"] = ""
    with pytest.raises(MedsmallError, match="1 of 300 images have no patient"):
        ByPatient().assign(table, [])


@pytest.mark.parametrize("shares", [(0.7, 0.1, 0.1), (1.1, -0.3, 0.2), (0.8, 0.0, 0.2)])
def test_bad_shares_are_refused(shares):
    with pytest.raises(MedsmallError, match="sum to 1"):
        ByPatient(*shares)


def test_a_part_without_a_patient_is_refused(make_table):
    with pytest.raises(MedsmallError, match="The val part of the split gets no patient"):
        ByPatient().assign(make_table(patients=3), [])
    with pytest.raises(MedsmallError, match="seed=-1"):
        ByPatient(seed=-1)


def test_a_table_as_large_as_chestxray14_is_split_at_once(make_table):
    table = make_table(patients=30805, images=112120)
    start = time.perf_counter()
    ByPatient().assign(table, ["Hernia"])
    assert time.perf_counter() - start < 2  # about 0.1 s; the bound allows for a busy machine
