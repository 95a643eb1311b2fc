import numpy as np
import pandas as pd
import pytest
from stand_in import findings, table

from medsmall.explore import labels
from medsmall.task import Task

NAMES = ["a", "b", "c"]


@pytest.mark.parametrize("seed", range(5))
def test_counts_add_up_and_the_prevalence_is_of_the_known(seed):
    sample = table(200, findings(200, NAMES, seed=seed))
    part = pd.Series(np.where(np.arange(200) < 150, "train", "test"))
    counts = labels.count(sample, NAMES, part)
    assert (counts["positive"] + counts["negative"] + counts["unknown"] == counts["images"]).all()
    assert list(counts["part"].unique()) == ["all", "train", "test"]
    whole = counts[counts["part"] == "all"].set_index("target")
    parts = counts[counts["part"] != "all"].groupby("target")["positive"].sum()
    assert (whole["positive"] == parts).all()
    assert whole.loc["b", "prevalence"] == pytest.approx(sample["b"].mean())


def test_a_release_without_parts_is_counted_once():
    sample = table(10, findings(10, NAMES))
    counts = labels.count(sample, NAMES, labels.named_parts(sample["split"]))
    assert list(counts["part"]) == ["all"] * 3


def test_a_target_of_which_nothing_is_known_has_no_prevalence():
    sample = table(4, {"a": np.nan})
    counts = labels.count(sample, ["a"], labels.named_parts(sample["split"]))
    assert counts["unknown"][0] == 4
    assert np.isnan(counts["prevalence"][0])


@pytest.mark.parametrize("seed", range(5))
def test_cooccurrence_is_what_counting_row_by_row_gives(seed):
    sample = table(80, findings(80, NAMES, seed=seed))
    pairs = labels.cooccur(sample, NAMES).set_index(["given", "target"])
    for given in NAMES:
        for target in NAMES:
            rows = [r for r in sample[[given, target]].itertuples(index=False) if r[0] == 1]
            known = [r[1] for r in rows if r[1] == r[1]]
            found = pairs.loc[(given, target)]
            assert found["images"] == len(known)
            assert found["together"] == sum(known)
            assert found["share"] == pytest.approx(np.mean(known))


def test_nothing_is_known_given_a_target_without_positives():
    pairs = labels.cooccur(table(3, {"a": 0.0, "b": 1.0}), ["a", "b"])
    assert np.isnan(pairs.set_index(["given", "target"]).loc[("a", "b"), "share"])


def test_classes_of_each_task():
    sample = table(4, {"a": [1, 0, 0, np.nan], "b": [0, 1, 0, 0]})
    assert list(labels.classes(sample, ["a"], Task.BINARY)) == ["a", "not a"]
    assert list(labels.classes(sample, ["a", "b"], Task.MULTICLASS)) == ["a", "b"]
    several = labels.classes(sample, ["a", "b"], Task.MULTILABEL)
    assert several["none of the targets"].tolist() == [
        False,
        False,
        True,
        False,
    ]  # unknown is not none


@pytest.mark.parametrize("seed", range(5))
def test_quintiles_hold_every_known_value_once(seed):
    rng = np.random.default_rng(seed)
    values = pd.Series(rng.integers(0, 2 + 20 * seed, 60).astype(float))
    values[rng.random(60) < 0.2] = np.nan
    groups = labels.quintiles(values, "x")
    assert (sum(inside.astype(int) for inside in groups.values()) == values.notna()).all()


def test_quintiles_of_nothing_and_of_one_value():
    assert labels.quintiles(pd.Series([np.nan]), "x") == {}
    assert list(labels.quintiles(pd.Series([2.0, 2.0]), "x")) == ["x 2"]


def test_the_part_farthest_from_the_whole_is_named():
    sample = table(8, {"a": [1, 1, 1, 1, 0, 0, 0, 0], "b": [1, 0, 1, 0, 1, 0, 1, 0.0], "c": 0.0})
    part = pd.Series(["train"] * 6 + ["test"] * 2)
    shares = labels.across(labels.count(sample, NAMES, part))
    assert labels.farthest(shares) == ("a", "test", 0.0, 0.5)
    assert labels.farthest(shares[shares["target"] == "c"]) is None


def test_the_values_of_a_regression_are_summarised_per_part():
    sample = table(4, {"months": [1.0, 2, 3, np.nan]})
    part = pd.Series(["train", "train", "test", "test"])
    found = labels.summarise(sample, ["months"], part).set_index("part")
    assert found.loc["all", "median"] == 2
    assert found.loc["test", "unknown"] == 1
    assert found.loc["train", "largest"] == 2


def test_a_table_without_an_official_split_is_whole():
    split = labels.named_parts(pd.Series(["", "", ""]))
    assert labels.parts_or_whole(split).tolist() == ["all"] * 3
    some = labels.named_parts(pd.Series(["", "train", ""]))
    assert labels.parts_or_whole(some).tolist() == ["no part", "train", "no part"]
