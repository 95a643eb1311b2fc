"""Stratified splits: whole patients, the same prevalence everywhere, whatever the row order.

The yardstick is a random split of the same patients; the tests on the real ChestX-ray14 table
run where it is present.
"""

import numpy as np
import pandas as pd
import pytest
import real_tables
from deviation import deviation
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from medsmall.errors import MedsmallError
from medsmall.split import PARTS, ByPatient, Stratified
from medsmall.split.stratified import divide

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}


def targets_of(table):
    return [c for c in table.columns if c.startswith("T") and table[c].nunique() > 1]


def worst_and_mean(table, split, targets):
    """Largest and mean absolute relative deviation, and a sentence that names the worst target."""
    relative = deviation(table, split, targets).stack(future_stack=True).fillna(-1)
    size = relative.abs()
    part, target = size.idxmax()
    said = f"worst: {target} in {part}, {relative[part, target]:+.1%}"
    return size.max(), size.mean(), said


def assert_3_times_closer(table, targets, split, seeds=6):
    largest, mean, said = worst_and_mean(table, split, targets)
    random = [
        worst_and_mean(table, ByPatient(seed=seed).assign(table, targets), targets)[:2]
        for seed in range(seeds)
    ]
    random_largest, random_mean = np.mean(random, axis=0)
    assert 3 * mean < random_mean, f"mean {mean:.2%} against {random_mean:.2%} at random; {said}"
    assert 3 * largest < random_largest, f"{said}, against {random_largest:.2%} at random"


@given(
    patients=st.integers(20, 120),
    targets=st.integers(1, 5),
    unknown=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=15, deadline=None)
def test_whole_disjoint_deterministic_and_blind_to_the_row_order(
    make_uneven, patients, targets, unknown, seed
):
    table = make_uneven(patients, targets, 2.5, unknown, seed)
    names = targets_of(table)
    split = Stratified(seed=seed).assign(table, names)
    assert split.index.equals(table.index)
    assert set(split) == set(PARTS)
    assert (split.groupby(table["patient"]).nunique() == 1).all()
    assert Stratified(seed=seed).assign(table, names).equals(split)
    shuffled = table.sample(frac=1, random_state=seed % 1000)
    assert Stratified(seed=seed).assign(shuffled, names).sort_index().equals(split)
    renamed = table.set_axis([f"row{i}" for i in range(len(table))])
    assert Stratified(seed=seed).assign(renamed, names).tolist() == split.tolist()


def test_heavy_patients_rare_targets_and_unknown_labels(make_uneven):
    for unknown in (0.0, 0.4):
        table = make_uneven(patients=1000, targets=14, tail=1.2, unknown=unknown)
        split = Stratified().assign(table, targets_of(table))
        assert_3_times_closer(table, targets_of(table), split)
        for part, share in split.value_counts(normalize=True).items():
            assert share == pytest.approx(SHARES[part], rel=0.02)
        patients = table["patient"].groupby(split).nunique() / table["patient"].nunique()
        assert patients.to_dict() == pytest.approx(SHARES, rel=0.05)


def test_few_patients_over_many_tables(make_uneven):
    closer = []
    for seed in range(15):
        table = make_uneven(patients=60, targets=5, tail=1.5, seed=seed)
        names = targets_of(table)
        ours = worst_and_mean(table, Stratified(seed=seed).assign(table, names), names)
        random = ByPatient(seed=seed).assign(table, names)
        closer.append(worst_and_mean(table, random, names)[1] / ours[1])
    assert np.exp(np.mean(np.log(closer))) > 2.5  # about 4


@pytest.mark.parametrize("holders", range(1, 13))
def test_a_rare_target_reaches_as_many_parts_as_it_can(holders):
    table = pd.DataFrame(
        {
            "patient": [f"p{i:03}" for i in range(200)],
            "rare": [1.0] * holders + [0.0] * (200 - holders),
            "common": np.resize([0.0, 1.0, 1.0], 200),
        }
    )
    for seed in range(5):
        split = Stratified(seed=seed).assign(table, ["rare", "common"])
        counts = table["rare"].groupby(split).sum().reindex(PARTS).astype(int).tolist()
        if holders < 3:  # the test part before the val part
            assert counts == [1, 0, holders - 1]
        else:
            assert min(counts) >= 1
            assert abs(counts[2] - 0.2 * holders) < 1


def test_many_positives_of_one_patient_count_as_one_patient():
    """Two patients have 20 of the 22 positives: the third part gets those of another."""
    positives = [10, 10, 1, 1] + [0] * 96
    patient = np.repeat([f"p{i:03}" for i in range(100)], 10)
    label = np.concatenate([[1.0] * n + [0.0] * (10 - n) for n in positives])
    table = pd.DataFrame({"patient": patient, "rare": label})
    split = Stratified().assign(table, ["rare"])
    assert table["rare"].groupby(split).sum().min() >= 1
    # The test part is somewhat larger, so that a third of the positives is less out of place.
    assert split.value_counts(normalize=True).to_dict() == pytest.approx(SHARES, abs=0.06)


def test_exclusive_classes_and_a_frequent_label():
    classes = np.random.default_rng(0).choice(4, size=2000, p=[0.8, 0.15, 0.04, 0.01])
    table = pd.DataFrame({f"T{k}": (classes == k).astype(float) for k in range(4)})
    table["patient"] = [f"p{i // 2:05}" for i in range(2000)]
    split = Stratified().assign(table, targets_of(table))
    assert_3_times_closer(table, targets_of(table), split)


def test_a_target_of_numbers_has_the_same_distribution_everywhere():
    rng = np.random.default_rng(0)
    months = rng.gamma(4, 30, 600).round()
    table = pd.DataFrame({"patient": [f"p{i}" for i in range(600)], "months": months})
    table.loc[:9, "months"] = np.nan
    split = Stratified().assign(table, ["months"])
    known = table.dropna()
    for quantile in (0.1, 0.5, 0.9):
        whole = table["months"].quantile(quantile)
        below = (known["months"] <= whole).groupby(split).mean()
        assert below.to_list() == pytest.approx([(known["months"] <= whole).mean()] * 3, abs=0.02)


def test_columns_of_ones_own_choice(make_uneven):
    table = make_uneven(patients=400, targets=4, tail=2)
    rng = np.random.default_rng(0)
    table["sex"] = rng.choice(["F", "M", ""], size=len(table), p=[0.3, 0.6, 0.1])
    chosen = Stratified(stratify_by=["T1", "sex"])
    split = chosen.assign(table, ["T0"])
    assert split.equals(chosen.assign(table, ["T2", "T3"]))  # the same test part for other targets
    table["female"] = (table["sex"] == "F").astype(float)
    assert deviation(table, split, ["T1", "female"]).abs().max(axis=None) < 0.02
    with pytest.raises(MedsmallError, match="no column 'sexx' .did you mean 'sex'"):
        Stratified(stratify_by=["sexx"]).assign(table, [])
    with pytest.raises(MedsmallError, match="'image' holds .* different texts"):
        Stratified(stratify_by=["image"]).assign(table, [])


def test_seeds_give_different_test_parts_even_where_no_two_patients_are_alike(make_uneven):
    table = make_uneven(patients=80, targets=4, tail=2.5)
    tests = [
        set(table["patient"][Stratified(seed=seed).assign(table, targets_of(table)) == "test"])
        for seed in range(8)
    ]
    shared = [len(a & b) / len(a | b) for i, a in enumerate(tests) for b in tests[:i]]
    assert np.mean(shared) < 0.35  # two random fifths share 0.11 of their union


def test_test_patients_stay_when_only_train_and_val_are_traded(make_uneven):
    table = make_uneven()
    few, many = (
        Stratified(0.8 - val, val, 0.2).assign(table, targets_of(table)) for val in (0.1, 0.3)
    )
    assert ((few == "test") == (many == "test")).all()


def test_single_binary_target_is_no_worse_than_scikit_learn(make_uneven):
    ours, theirs = [], []
    for seed in range(12):
        table = make_uneven(patients=200, targets=1, tail=1.3, seed=seed)
        label = table["T0"].to_numpy()
        folds = np.empty(len(table), int)
        rule = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        for fold, (_, rows) in enumerate(rule.split(label, label.astype(int), table["patient"])):
            folds[rows] = fold
        for found, parts in ((ours, divide(table, ["T0"], [1] * 5, [seed])), (theirs, folds)):
            groups = pd.Series(label).groupby(parts)
            size = abs(groups.size() / len(label) * 5 - 1)
            found.append([*abs(groups.mean() / label.mean() - 1).agg(["max", "mean"]), size.max()])
    (largest, mean, size), (their_largest, their_mean, _) = np.mean(ours, 0), np.mean(theirs, 0)
    assert largest < their_largest
    assert mean < their_mean
    assert size < 0.1


def test_bad_arguments_and_too_few_patients():
    with pytest.raises(MedsmallError, match="sum to 1"):
        Stratified(0.7, 0.1, 0.1)
    with pytest.raises(MedsmallError, match="seed=-1"):
        Stratified(seed=-1)
    table = pd.DataFrame({"patient": ["a", "a", "b"], "T0": [1.0, 0, 1]})
    with pytest.raises(MedsmallError, match="The (val|test|train) part of the split gets no pat"):
        Stratified().assign(table, ["T0"])
    with pytest.raises(MedsmallError, match="gets no patient"):
        Stratified().assign(table.iloc[:0], ["T0"])
    with pytest.raises(MedsmallError, match="1 of 3 images have no patient"):
        Stratified().assign(table.assign(patient=["a", "", "b"]), ["T0"])


def test_the_real_chestxray14_table(real_data):
    from medsmall.dataset.chestxray14 import LABELS

    table = real_tables.chestxray14(real_data)
    split = Stratified().assign(table, LABELS)
    assert_3_times_closer(table, LABELS, split, seeds=3)
    largest, mean, said = worst_and_mean(table, split, LABELS)
    assert largest < 0.02, said  # 22.7 hernias in val are 23
    assert mean < 0.002, said
    assert split.value_counts(normalize=True).to_dict() == pytest.approx(SHARES, abs=0.001)
    assert table["patient"].groupby(split).nunique().sum() == 30_805


def test_seven_patients_of_one_class_each_still_give_every_part_both_classes():
    """Sizes as of the slides in a sample of 400 malaria cells: one holds 155 of 200 positives."""
    sizes = {"a": (70, 0), "b": (69, 0), "c": (25, 1), "d": (14, 1), "e": (6, 1), "f": (155, 1),
             "g": (61, 0)}  # fmt: skip
    table = pd.DataFrame(
        [(name, label) for name, (images, label) in sizes.items() for _ in range(images)],
        columns=["patient", "T"],
    ).astype({"T": float})
    for seed in range(5):
        split = Stratified(seed=seed).assign(table, ["T"])
        assert (table["T"].groupby(split).nunique() == 2).all()


@pytest.mark.parametrize(("images", "known"), [(40, 40), (30, 30), (60, 60), (100, 20), (200, 60)])
def test_few_or_partly_known_numbers_keep_the_shares(images, known):
    rng = np.random.default_rng(0)
    values = np.where(np.arange(images) < known, rng.normal(100, 30, images), np.nan)
    table = pd.DataFrame({"patient": [f"p{i}" for i in range(images)], "months": values})
    for seed in range(3):
        split = Stratified(seed=seed).assign(table, ["months"])
        of_known = split[table["months"].notna()].value_counts()
        for part, share in SHARES.items():
            assert (split == part).sum() == pytest.approx(share * images, abs=2)
            assert of_known[part] == pytest.approx(share * known, abs=2)
