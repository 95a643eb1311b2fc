"""Configs composed in one go for a grid are those that Hydra composes one by one."""

import pytest

from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.grid.composer import Composer
from medsmall.grid.expand import varied

GRIDS = [
    ["seed=1,2", "sample_size.n=50,null", "sample_size.fraction=null,0.5"],
    ["+experiment=hernia_chexpert", "sample_size.n=50,100", "pretraining=none,imagenet"],
    ["dataset.targets=[Hernia],[Edema,Mass]", "strategy.lr=1e-3,0.01", "trainer.max_epochs=1,2"],
    ["split=kfold", "split.fold=0,1", "sample_size.repeat=0,3", "sample_size.val=all,10"],
    ["audit={allow:[],drop:[identical_images]},{allow:[near_duplicates],drop:[]}", "name=a,b"],
]


@pytest.mark.parametrize("words", GRIDS, ids=" ".join)
def test_they_are_the_same(words):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    from medsmall.grid.expand import expand

    cells = expand([], words, OverridesParser.create())
    composer, differing = Composer(), varied(cells)
    for cell in cells:
        assert composer(cell, differing) == compose(list(cell))
    groups = {tuple(w for w in cell if w.partition("=")[0] == "pretraining") for cell in cells}
    assert len(composer.composed) == len(groups)


def test_a_key_that_does_not_exist_is_the_sentence_of_a_single_run():
    cells = [("sample_size.m=1",), ("sample_size.m=2",)]
    with pytest.raises(MedsmallError, match=r"no key 'sample_size.m'|no key or group"):
        Composer()(cells[0], varied(cells))
