"""The cells of a command line."""

import itertools

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from medsmall.errors import MedsmallError
from medsmall.grid.expand import expand, varied

PARSER = OverridesParser.create()


def test_it_is_the_product_of_all_values_and_the_last_key_varies_fastest():
    cells = expand([], ["seed=1,2", "dataset=mura", "sample_size.n=50,100,200"], PARSER)
    product = itertools.product((1, 2), ["mura"], (50, 100, 200))
    assert cells == [(f"seed={a}", f"dataset={b}", f"sample_size.n={c}") for a, b, c in product]
    sizes = {f"sample_size.n={n}" for n in (50, 100, 200)}
    assert varied(cells) == {"seed=1", "seed=2"} | sizes


def test_the_command_line_replaces_what_an_experiment_sweeps_in_its_place():
    params = ["learner=probe,network", "pretraining=none,imagenet"]
    cells = expand(params, ["+experiment=which_pretraining", "learner=network"], PARSER)
    assert cells == [
        ("learner=network", f"pretraining={source}", "+experiment=which_pretraining")
        for source in ("none", "imagenet")
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["seed=1,2", "seed=3,4"], "seed is given twice"),
        (["seed=1,2", "seed=3"], "seed is given twice"),
        (["seed=interval(0,1)"], "is for a search"),
    ],
)
def test_what_is_no_grid_is_one_sentence(words, sentence):
    with pytest.raises(MedsmallError, match=sentence):
        expand([], words, PARSER)


def test_values_that_are_the_same_are_one():
    assert len(expand([], ["seed=1,1,2"], PARSER)) == 2


def test_ranges_and_lists_are_grids():
    assert (
        len(expand([], ["seed=range(0,4)", "dataset.targets=[Hernia],[Edema,Mass]"], PARSER)) == 8
    )
