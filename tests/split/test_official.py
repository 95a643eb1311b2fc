"""The published split: kept, its undivided part divided by patient, its gaps refused."""

import numpy as np
import pandas as pd
import pytest

from medsmall.errors import MedsmallError
from medsmall.split.gate import PARTS, check_disjoint
from medsmall.split.official import Official


def test_no_patient_is_in_two_parts_and_row_order_has_no_say(official_table):
    split = Official().assign(official_table, ["Hernia"])
    assert set(split) == set(PARTS)
    assert split.index.equals(official_table.index)
    assert split.groupby(official_table["patient"]).nunique().max() == 1
    shuffled = official_table.sample(frac=1, random_state=3)
    assert Official().assign(shuffled, ["Hernia"]).sort_index().equals(split)


def test_targets_have_no_influence(official_table):
    """Else weights learnt for one target would know the validation patients of another."""
    table = official_table.assign(Edema=(official_table["Hernia"] == 0).astype(float))
    splits = [Official().assign(table, targets) for targets in (["Hernia"], ["Edema"], [])]
    assert splits[0].equals(splits[1])
    assert splits[0].equals(splits[2])


def test_what_is_published_stays_and_train_val_is_divided_by_patients(official_table):
    split = Official(val_fraction=0.25).assign(official_table, ["Hernia"])
    assert ((split == "test") == (official_table["split"] == "test")).all()
    inside = official_table["split"] == "train_val"
    assert official_table[split == "val"]["patient"].nunique() == round(
        0.25 * official_table[inside]["patient"].nunique()
    )
    published = official_table.assign(split=split)
    assert (Official(seed=7).assign(published, ["Hernia"]) == split).all()


def test_what_it_cannot_know_is_refused(official_table):
    with pytest.raises(MedsmallError, match="no official split: set split=stratified"):
        Official().assign(official_table.assign(split=""), [])
    incomplete = official_table.copy()
    incomplete.loc[:2, "split"] = ""
    with pytest.raises(MedsmallError, match="does not cover 3 of 300 images"):
        Official().assign(incomplete, [])
    with pytest.raises(MedsmallError, match=r"The test part .* set split=stratified"):
        Official().assign(official_table.assign(split="train_val"), [])
    with pytest.raises(MedsmallError, match="The val part"):
        Official().assign(official_table.replace("train_val", "train"), [])
    with pytest.raises(MedsmallError, match=r"'valid' .did you mean 'val'"):
        Official().assign(official_table.assign(split="valid"), [])
    with pytest.raises(MedsmallError, match="val_fraction=0"):
        Official(val_fraction=0.0)


def test_the_leakage_gate_also_guards_an_official_split(official_table):
    table = official_table
    leak = table.index[table["split"] == "test"][0]
    table.loc[leak, "patient"] = table[table["split"] == "train_val"]["patient"].iloc[0]
    with pytest.raises(MedsmallError, match=r"1 patient\(s\).*set split=stratified"):
        Official().assign(table, ["Hernia"])
    by_image = pd.Series(np.resize(PARTS, len(table)), index=table.index)
    with pytest.raises(MedsmallError, match=r"p00000, p00001, p00002, \.\.\."):
        check_disjoint(table, by_image)


def test_validation_is_the_same_whichever_labels_of_a_table_are_targets():
    """Those that are none are text in it, unknown ones empty."""
    rng = np.random.default_rng(0)
    labels = pd.DataFrame(rng.choice([0.0, 1.0, np.nan], (300, 2), p=[0.7, 0.2, 0.1]))
    labels.columns = ["A", "B"]
    patients = [f"p{i // 2}" for i in range(300)]
    table = pd.DataFrame({"image": range(300), "patient": patients, "split": "train_val"})
    table.loc[200:, "split"] = "test"
    splits = []
    for targets in (["A", "B"], ["A"], ["B"], []):
        others = [name for name in labels if name not in targets]
        text = labels[others].map(lambda value: "" if np.isnan(value) else f"{value:g}")
        given = pd.concat([table, labels[targets], text.astype("str")], axis=1)
        given = given[[*table, "A", "B"]]
        splits.append(Official(val_fraction=0.2, seed=1).assign(given, targets))
    for split in splits[1:]:
        pd.testing.assert_series_equal(split, splits[0])
