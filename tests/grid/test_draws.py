"""Sizes and folds that follow the data."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsmall.errors import MedsmallError
from medsmall.grid.draws import doubled, with_draws
from medsmall.once import Once
from medsmall.sweep import Sweep

PHANTOM = ("dataset=chestxray14", "dataset.targets=[Effusion]", "phantom=true")


def asked(doubling_from: int | None = 50, repeats: int = 2) -> Sweep:
    return Sweep(None, False, doubling_from, repeats)


@given(st.integers(1, 100), st.integers(0, 10_000))
def test_sizes_double_up_to_the_most(first, most):
    sizes = doubled(first, most)
    assert all(b == 2 * a for a, b in itertools.pairwise(sizes))
    assert all(size <= most for size in sizes)
    assert not sizes or (sizes[0] == first and 2 * sizes[-1] > most)


def test_they_follow_the_train_part_and_each_has_its_repeats(outputs):
    words = ("dataset=chest_xray", "phantom=true", f"output_root={outputs}")
    cells = with_draws([words], asked(), Once())
    sizes = [cell[-2] for cell in cells]
    assert sizes[:4] == ["sample_size.n=50"] * 2 + ["sample_size.n=100"] * 2
    assert [cell[-1] for cell in cells[:2]] == ["sample_size.repeat=0", "sample_size.repeat=1"]
    assert all(cell[: len(words)] == words for cell in cells)


def test_few_images_are_tested_in_folds(outputs):
    words = (
        "dataset=chest_xray",
        *PHANTOM[2:],
        "dataset.phantom_patients=60",
        f"output_root={outputs}",
    )
    cells = with_draws([words], asked(), Once())
    assert len(cells) == 10
    assert {cell[-2] for cell in cells} == {f"split.fold={fold}" for fold in range(5)}
    assert all("split=kfold" in cell and "sample_size=all" in cell for cell in cells)


def test_what_is_given_is_kept(outputs):
    words = (*PHANTOM, f"output_root={outputs}")
    (one, two) = with_draws([(*words, "sample_size.n=20")], asked(), Once())
    assert one[:-1] == two[:-1] == (*words, "sample_size.n=20")
    folds = with_draws([(*words, "split=kfold")], asked(), Once())
    assert [fold[-1] for fold in folds] == ["sample_size.repeat=0", "sample_size.repeat=1"]
    stratified = with_draws([(*words, "split=stratified")], asked(20), Once())
    assert {cell[-2] for cell in stratified} >= {"sample_size.n=20", "sample_size.n=40"}
    given = (*words, "sample_size.n=20", "sample_size.repeat=7")
    assert with_draws([given], asked(), Once()) == [given]
    assert with_draws([words], asked(None), Once()) == [words]


def test_a_cell_whose_data_are_absent_is_refused_later():
    words = ("dataset=mura", "data_root=/nowhere")
    assert with_draws([words], asked(repeats=1), Once()) == [(*words, "sample_size.repeat=0")]


@pytest.mark.parametrize("sweep", [asked(0), asked(50, 0)])
def test_less_than_one_is_one_sentence(sweep):
    with pytest.raises(MedsmallError, match="must be at least 1"):
        with_draws([PHANTOM], sweep, Once())


def test_repeats_without_sizes_that_follow_the_data_are_one_sentence():
    with pytest.raises(MedsmallError, match=r"sweep.repeats has no effect .* sample_size.repeat"):
        with_draws([(*PHANTOM, "sweep.repeats=2")], asked(None), Once())


def test_few_images_of_all_arms_come_first_within_a_learner(outputs):
    base = ("dataset=chest_xray", "phantom=true", f"output_root={outputs}")
    arms = [
        (*base, f"learner={learner}", f"pretraining={source}")
        for learner in ("probe", "network")
        for source in ("imagenet", "none")
    ]
    cells = with_draws(arms, asked(100, 1), Once())
    told = [(cell[3][8:], cell[4][12:], cell[5][14:]) for cell in cells]
    assert told == [
        (learner, source, size)
        for learner in ("probe", "network")
        for size in ("100", "200", "400")
        for source in ("imagenet", "none")
    ]
