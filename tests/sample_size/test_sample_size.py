"""Draws: nested, paired, independent of row order, balanced or natural, and never short of a class.

The last tests draw from the real ChestX-ray14 table, where it is present.
"""

import dataclasses
import time

import numpy as np
import pandas as pd
import pytest
import real_tables
from hypothesis import given, settings
from hypothesis import strategies as st

from medsmall.errors import MedsmallError
from medsmall.sample_size import drawn_share, labels_used, notices_of, pools_of
from medsmall.sample_size.balanced import Balanced
from medsmall.sample_size.natural import Natural
from medsmall.sample_size.stratified import Stratified, shares
from medsmall.split import ByPatient, Official, check_classes, check_disjoint
from medsmall.task import Task


def make_table(images=600, prevalence=0.2, unknown=0.05, seed=0):
    rng = np.random.default_rng(seed)
    label = (rng.random(images) < prevalence).astype(float)
    label[rng.random(images) < unknown] = np.nan
    names = [f"{i:06}.png" for i in rng.permutation(images)]
    return pd.DataFrame(
        {"image": names, "patient": names, "split": "", "Hernia": label, "age": 50.0}
    )


TABLE = make_table()
SPLIT = ByPatient(0.6, 0.2, 0.2).assign(TABLE, ["Hernia"])
CLASSES = ["A", "B", "C"]


def draw(size, table=TABLE, targets=("Hernia",), task=None, split=None):
    split = SPLIT.reindex(table.index) if split is None else split
    return size.draw(pools_of(table, split, list(targets), task or Task.of_findings(targets)))


def images(drawn, part):
    return list(drawn.loc[drawn["part"] == part, "image"])


def multiclass_table():
    classes = np.random.default_rng(1).choice(3, size=600, p=[0.6, 0.3, 0.1])
    return TABLE.assign(**{name: (classes == k).astype(float) for k, name in enumerate(CLASSES)})


@pytest.mark.parametrize("kind", [Balanced, Natural, Stratified])
@given(n=st.integers(30, 120), more=st.integers(0, 60), repeat=st.integers(0, 50))
@settings(max_examples=8, deadline=None)
def test_draws_are_nested_in_train_and_val(kind, n, more, repeat):
    small = draw(kind(n=n, val=20, repeat=repeat))
    large = draw(
        kind(
            n=n + more,
            val=30,
            repeat=repeat,
            **({} if kind is Stratified else {"oversample": True}),
        )
    )
    assert set(images(small, "train")) <= set(images(large, "train"))
    assert set(images(small, "val")) <= set(images(large, "val"))
    assert images(small, "test") == images(large, "test")


@pytest.mark.parametrize("kind", [Balanced, Natural, Stratified])
def test_draws_do_not_depend_on_row_order_and_repeats_differ(kind):
    first = draw(kind(n=50))
    assert draw(kind(n=50), TABLE.sample(frac=1, random_state=5)).equals(first)
    again = draw(kind(n=50, repeat=1))
    assert set(images(again, "train")) != set(images(first, "train"))
    assert images(again, "test") == images(first, "test")
    assert set(images(draw(kind(n=50, seed=1)), "train")) != set(images(first, "train"))


def test_the_shape_of_a_draw():
    drawn = draw(Balanced(n=50, val=20))
    assert list(drawn.columns) == ["image", "patient", "part", "Hernia"]
    assert drawn.index.equals(pd.RangeIndex(len(drawn)))
    assert drawn["Hernia"].notna().all()
    assert len(images(drawn, "test")) == TABLE["Hernia"][SPLIT == "test"].notna().sum()
    expected = SPLIT.set_axis(TABLE["image"]).loc[drawn["image"]].to_numpy()
    assert (drawn["part"] == expected).all()
    assert labels_used(drawn) == 70


def test_unlabelled_and_test_images_are_no_part_of_the_label_budget():
    parts = {"a": "train", "b": "val", "c": "unlabelled", "d": "test"}
    drawn = pd.DataFrame({"image": [*parts, "a"], "part": [*parts.values(), "train"]})
    assert labels_used(drawn) == 2


def test_pools_hold_the_images_of_each_part_with_a_known_label_by_name():
    pools = pools_of(TABLE, SPLIT, ["Hernia"], Task.BINARY)
    for part in ("train", "val", "test"):
        rows = getattr(pools, part)
        expected = TABLE.loc[SPLIT.eq(part) & TABLE["Hernia"].notna(), "image"]
        assert list(rows["image"]) == sorted(expected)
        assert list(rows.columns) == ["image", "patient", "part", "Hernia"]
        assert (rows["part"] == part).all()
    assert (pools.targets, pools.task) == (["Hernia"], Task.BINARY)


@pytest.mark.parametrize(("share", "positives"), [(0.5, 25), (0.1, 5), (0.29, 14)])
def test_balanced_counts_its_positives_as_the_paper_does(share, positives):
    drawn = draw(Balanced(n=50, val=21, positive_fraction=share))
    counts = drawn.groupby("part")["Hernia"].agg(["sum", "size"])
    assert tuple(counts.loc["train"]) == (positives, 50)
    assert tuple(counts.loc["val"]) == (10, 21)


def test_a_share_that_is_no_exact_float_is_meant_as_written():
    drawn = draw(Balanced(n=100, positive_fraction=0.29))
    assert drawn[drawn["part"] == "train"]["Hernia"].sum() == 29


def test_null_is_all_of_the_rarer_class_and_as_many_of_the_other():
    drawn = draw(Balanced(n=None, val="all"))
    for part in ("train", "val"):
        assert drawn[drawn["part"] == part]["Hernia"].mean() == 0.5
        assert (drawn[drawn["part"] == part]["Hernia"] == 1).sum() == (
            TABLE[SPLIT.eq(part)]["Hernia"] == 1
        ).sum()
    most = draw(Balanced(n=None, positive_fraction=0.1))
    train = most[most["part"] == "train"]
    assert (train["Hernia"] == 0).sum() == (TABLE[SPLIT == "train"]["Hernia"] == 0).sum()


def test_multiclass_draws_have_equal_shares_and_the_rest_in_the_first_classes():
    table = multiclass_table()
    drawn = draw(Balanced(n=50, val="all"), table, CLASSES, task=Task.MULTICLASS)
    train, val = (drawn[drawn["part"] == part][CLASSES].sum() for part in ("train", "val"))
    assert list(train) == [17, 17, 16]
    assert list(val) == [(table[SPLIT == "val"]["C"] == 1).sum()] * 3
    with pytest.raises(MedsmallError, match="exclusive classes"):
        draw(Balanced(), table.assign(B=1.0), CLASSES, task=Task.MULTICLASS)
    with pytest.raises(MedsmallError, match="set sample_size=natural"):
        draw(Balanced(), table, CLASSES, task=Task.MULTILABEL)


def test_natural_sizes():
    pool = int((TABLE["Hernia"].notna() & (SPLIT == "train")).sum())
    assert len(images(draw(Natural(n=None)), "train")) == pool
    assert len(images(draw(Natural(n=None, fraction=0.5)), "train")) == round(0.5 * pool)
    assert len(images(draw(Natural(n=50, val=30)), "val")) == 30


def test_more_than_there_is_needs_oversampling_which_repeats_images():
    positives = int((TABLE[SPLIT == "train"]["Hernia"] == 1).sum())
    with pytest.raises(MedsmallError, match=f"{positives} Hernia positives.*oversample=true"):
        draw(Balanced(n=2 * positives + 2))
    drawn = draw(Balanced(n=2 * positives + 20, oversample=True))
    train = drawn[drawn["part"] == "train"]
    assert (train["Hernia"] == 1).sum() == positives + 10
    assert train[train["Hernia"] == 1]["image"].nunique() == positives
    assert labels_used(drawn) == drawn[drawn["part"] != "test"]["image"].nunique()
    more = draw(Balanced(n=2 * positives + 60, oversample=True))["image"].value_counts()
    fewer = drawn["image"].value_counts()
    assert (more.reindex(fewer.index) >= fewer).all()

    with pytest.raises(MedsmallError, match=r"sample_size.n=1000 needs 1000 images.*oversample"):
        draw(Natural(n=1000))
    assert len(images(draw(Natural(n=1000, oversample=True)), "train")) == 1000
    with pytest.raises(MedsmallError, match=r"sample_size.val=1000 .*smaller sample_size.val"):
        draw(Natural(n=50, val=1000, oversample=True))
    with pytest.raises(MedsmallError, match=r"0 Hernia positives: set a smaller sample_size.n"):
        draw(Balanced(oversample=True), TABLE.assign(Hernia=0.0))


def test_a_natural_draw_has_its_share_of_a_rare_class_on_average():
    """Draws without it are not thrown away: those left would have too many of it."""
    table = multiclass_table()
    rare = np.random.default_rng(4).random(600) < 0.03
    table.loc[rare, CLASSES] = [0.0, 0.0, 1.0]
    table.loc[~rare & (table["C"] == 1), CLASSES] = [1.0, 0.0, 0.0]
    pools = pools_of(table, SPLIT, CLASSES, Task.MULTICLASS)
    share = pools.train["C"].mean()
    counts = [
        Natural(n=30, repeat=r).draw(pools).query("part == 'train'")["C"].sum() for r in range(120)
    ]
    assert min(counts) == 0
    assert abs(np.mean(counts) - 30 * share) < 4 * np.sqrt(30 * share / 120)


def test_a_binary_draw_without_a_positive_is_refused():
    table = TABLE.assign(Hernia=TABLE["Hernia"].fillna(0.0))
    drawn = images(draw(Natural(n=20), table), "train")  # it does not depend on the labels
    table.loc[table["image"].isin(drawn), "Hernia"] = 0.0
    with pytest.raises(MedsmallError, match=r"train draw of 20 .*Hernia.*sample_size=stratified"):
        draw(Natural(n=20), table)
    assert draw(Natural(n=100), table)["Hernia"].notna().all()


def test_a_multilabel_draw_needs_one_target_with_both_labels():
    table = TABLE.assign(rare=0.0)
    assert len(images(draw(Natural(n=20), table, ["Hernia", "rare"]), "train")) == 20
    with pytest.raises(MedsmallError, match="train draw of 20"):
        draw(Natural(n=20), table.assign(Hernia=1.0), ["Hernia", "rare"])


def test_a_multiclass_draw_may_miss_a_class_and_says_so_but_needs_two():
    table = multiclass_table()
    drawn = images(draw(Natural(n=20), table, CLASSES, task=Task.MULTICLASS), "train")
    in_draw = table["image"].isin(drawn)
    table.loc[in_draw & (table["C"] == 1), CLASSES] = [1.0, 0.0, 0.0]
    pools = pools_of(table, SPLIT, CLASSES, Task.MULTICLASS)
    found = Natural(n=20).draw(pools)
    assert images(found, "train") == drawn  # it does not depend on the labels
    assert notices_of(found, pools) == [
        "1 of 3 classes cannot be learnt: the 20 train images lack a positive or a negative of C."
    ]
    table.loc[in_draw, CLASSES] = [1.0, 0.0, 0.0]
    with pytest.raises(MedsmallError, match=r"train draw of 20 .*target B.*stratified"):
        draw(Natural(n=20), table, CLASSES, task=Task.MULTICLASS)


@pytest.mark.parametrize(
    ("kind", "n", "val"),
    [(Natural, 50, 13), (Natural, 52, 13), (Natural, 4, 2), (Balanced, 50, 13), (Balanced, 8, 4),
     (Stratified, 50, 13), (Stratified, 8, 4)],
)  # fmt: skip
def test_validation_is_a_quarter_of_the_training_and_two_of_each_class(kind, n, val):
    table = TABLE.assign(Hernia=(np.arange(600) % 2).astype(float))
    assert len(images(draw(kind(n=n), table), "val")) == val


def test_a_class_that_validation_lacks_leaves_the_others_their_share():
    table = multiclass_table()
    table.loc[(SPLIT == "val") & (table["C"] == 1), CLASSES] = [1.0, 0.0, 0.0]
    for val in (None, "all"):
        found = draw(Balanced(n=30, val=val), table, CLASSES, task=Task.MULTICLASS)
        counts = found[found["part"] == "val"][CLASSES].sum()
        assert counts["A"] == counts["B"] >= 2
        assert counts["C"] == 0


def test_validation_is_never_more_than_there_is():
    pool = int((TABLE["Hernia"].notna() & (SPLIT == "val")).sum())
    for kind in (Natural, Stratified):
        assert len(images(draw(kind(n=None)), "val")) == min(
            pool, -(-len(images(draw(kind(n=None)), "train")) // 4)
        )
        assert len(images(draw(kind(n=50, val="all")), "val")) == pool
    rarest = int((TABLE[SPLIT == "val"]["Hernia"] == 1).sum())
    many = draw(Balanced(n=400, oversample=True))
    assert (many[many["part"] == "val"]["Hernia"] == 1).sum() == min(rarest, 50)


def test_a_validation_set_larger_than_the_training_is_told():
    pools = pools_of(TABLE, SPLIT, ["Hernia"], Task.BINARY)
    assert notices_of(Natural(n=40).draw(pools), pools) == []
    (notice,) = notices_of(Natural(n=40, val="all").draw(pools), pools)
    assert "training only 40" in notice


@pytest.mark.parametrize("kind", [Balanced, Natural, Stratified])
def test_a_fraction_is_that_of_the_largest_draw_and_nested(kind):
    whole = len(images(draw(kind(n=None)), "train"))
    tenth, half, all_of_it = (
        images(draw(kind(n=None, fraction=fraction)), "train") for fraction in (0.1, 0.5, 1.0)
    )
    assert (len(tenth), len(half), len(all_of_it)) == (
        round(0.1 * whole), round(0.5 * whole), whole
    )  # fmt: skip
    assert set(tenth) < set(half) < set(all_of_it)
    with pytest.raises(MedsmallError, match="too few for two classes"):
        draw(kind(n=None, fraction=0.001))


def test_a_stratified_draw_has_the_shares_of_the_pool_and_two_of_each_class():
    table = multiclass_table()
    pool = pools_of(table, SPLIT, CLASSES, Task.MULTICLASS).train[CLASSES].mean()
    for repeat in range(6):
        found = draw(Stratified(n=60, repeat=repeat), table, CLASSES, task=Task.MULTICLASS)
        for part, n in (("train", 60), ("val", 15)):
            counts = found[found["part"] == part][CLASSES].sum()
            assert counts.sum() == n
            assert counts.min() >= 2
            if part == "train":
                np.testing.assert_allclose(counts / n, pool, atol=1 / n)
    with pytest.raises(MedsmallError, match="set sample_size=natural"):
        draw(Stratified(), table, CLASSES, task=Task.MULTILABEL)


@given(
    sizes=st.lists(st.integers(0, 60), min_size=1, max_size=6).filter(any),
    n=st.integers(1, 120),
)
@settings(max_examples=100, deadline=None)
def test_shares_only_grow_with_n_and_never_exceed_what_there_is(sizes, n):
    small, large = shares(sizes, n), shares(sizes, n + 1)
    assert sum(small) == n
    assert all(b >= a for a, b in zip(small, large, strict=True))
    if n <= sum(sizes):
        assert all(a <= size for a, size in zip(small, sizes, strict=True))
    if n >= 2 * len(sizes):
        assert all(a >= min(2, size) for a, size in zip(small, sizes, strict=True))


def test_a_part_without_any_known_label_is_refused():
    table = TABLE.copy()
    table.loc[SPLIT == "test", "Hernia"] = np.nan
    with pytest.raises(MedsmallError, match="test part of the split has no image with a known"):
        draw(Natural(), table)


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (Natural, {"n": 1}, "sample_size.n=1 is too small"),
        (Balanced, {"val": 0}, "sample_size.val=0 is too small"),
        (Natural, {"repeat": -1}, "repeat=-1 is negative"),
        (Balanced, {"seed": -1}, "seed=-1 is negative"),
        (Natural, {"n": None, "fraction": 0.0}, "fraction=0.0 must be above 0"),
        (Natural, {"n": None, "fraction": 1.1}, "fraction=1.1"),
        (Natural, {"n": 50, "fraction": 0.1}, "both set: set one of them"),
        (Balanced, {"n": 50, "fraction": 0.1}, "both set"),
        (Stratified, {"n": None, "fraction": float("nan")}, "fraction=nan"),
        (Balanced, {"positive_fraction": 1.0}, "positive_fraction=1.0 leaves a class empty"),
    ],
)
def test_arguments_out_of_range_are_refused(kind, wrong, message):
    with pytest.raises(MedsmallError, match=message):
        kind(**wrong)


def test_an_image_listed_twice_is_refused():
    table = TABLE.assign(image="same.png")
    with pytest.raises(MedsmallError, match=r"same.png is in the sample table twice"):
        draw(Natural(), table)


@pytest.fixture(scope="module")
def chestxray14(real_data):
    return real_tables.chestxray14(real_data)[["image", "patient", "split", "Hernia"]]


@pytest.fixture(scope="module")
def official(chestxray14):
    return Official().assign(chestxray14, ["Hernia"])


def test_hernia_in_chestxray14_is_drawn_nested_and_by_patient(chestxray14, official):
    split = official
    check_disjoint(chestxray14, split)
    check_classes(chestxray14, split, ["Hernia"], Task.BINARY)
    assert (split == "test").sum() == 25596
    assert chestxray14.loc[split == "test", "Hernia"].sum() == 86
    small, medium, large = (
        set(images(draw(Balanced(n), chestxray14, split=split), "train")) for n in (50, 100, 200)
    )
    assert small < medium < large
    positives = int(chestxray14.loc[split == "train", "Hernia"].sum())
    with pytest.raises(MedsmallError, match=f"but the train part has .*{positives} Hernia pos"):
        draw(Balanced(n=400), chestxray14, split=split)


def test_all_of_chestxray14_is_drawn_at_once(chestxray14, official):
    start = time.perf_counter()
    drawn = draw(Natural(n=None), chestxray14, split=official)
    assert time.perf_counter() - start < 2  # about 0.2 s; the bound allows for a busy machine
    assert len(drawn) == 112120
    assert not set(images(drawn, "train")) & set(images(drawn, "test"))


def test_the_share_of_the_pool_that_draws_have_in_common():
    pools = pools_of(TABLE, SPLIT, ["Hernia"], Task.BINARY)
    positives = (pools.train["Hernia"] == 1).sum()
    balanced = draw(Balanced(n=40, val=8, seed=0, repeat=0))
    assert drawn_share(balanced, pools) == pytest.approx(20 / positives)
    natural = draw(Natural(n=60, val=12, seed=0, repeat=0))
    assert drawn_share(natural, pools) == pytest.approx(60 / len(pools.train), rel=0.5)
    few = draw(Natural(n=20, val=12, seed=0, repeat=0))  # too few positives to tell their share
    assert drawn_share(few, pools) < 0.1
    whole = pools.train.assign(part="train")
    assert drawn_share(pd.concat([whole, whole]), pools) == 1


def test_a_rare_class_says_nothing_of_the_share_until_enough_are_drawn():
    pools = pools_of(TABLE, SPLIT, ["Hernia"], Task.BINARY)
    classes = [pools.train[pools.train["Hernia"] == one] for one in (1, 0)]
    rare = dataclasses.replace(pools, train=pd.concat([classes[0][:12], classes[1][:200]]))
    for positives, share in ((0, 45 / 200), (5, 50 / 212), (11, 11 / 12)):
        drawn = pd.concat([classes[0][:positives], classes[1][:45]]).assign(part="train")
        assert drawn_share(drawn, rare) == pytest.approx(share)
