"""Sizes and repeats that follow the data: 50, 100, 200, ... images, or folds where they are few."""

from collections.abc import Sequence

from omegaconf import DictConfig

from medsmall.errors import MedsmallError
from medsmall.evaluation.threshold import FEW
from medsmall.grid.composer import Composer
from medsmall.grid.expand import Words, varied
from medsmall.once import Once
from medsmall.sweep import Sweep

FOLDS = 5
GIVEN = ("sample_size", "sample_size.n", "sample_size.fraction", "split.fold")


def with_draws(cells: Sequence[Words], asked: Sweep, once: Once) -> list[Words]:
    """Each cell with every size and repeat that its data allow, where the sweep asks for that.

    Sizes, folds and a split that a command line gives are kept, and so are its repeats. A cell
    whose data cannot be read stays as it is: it is refused later.
    """
    keys = {word.lstrip("+").partition("=")[0] for words in cells for word in words}
    if asked.doubling_from is None:
        if "sweep.repeats" in keys:
            raise MedsmallError(
                "sweep.repeats has no effect without sizes that follow the data: add "
                "sweep.doubling_from=50, or list the repeats, such as sample_size.repeat=0,1,2."
            )
        return [*cells]
    if asked.doubling_from < 1 or asked.repeats < 1:
        raise MedsmallError("sweep.doubling_from and sweep.repeats must be at least 1.")
    repeats: list[Words] = [(f"sample_size.repeat={number}",) for number in range(asked.repeats)]
    if "sample_size.repeat" in keys:
        repeats = [()]
    composer, differing = Composer(), varied(cells)
    found: list[tuple[tuple[str, int], Words]] = []
    for words in cells:
        draws: list[Words] = [()]
        if not keys & {*GIVEN}:
            draws = _draws(composer(words, differing), asked, once, "split" in keys)
        learner = next((word for word in words if word.startswith("learner=")), "")
        for number, draw in enumerate(draws):
            found += [((learner, number), (*words, *draw, *repeat)) for repeat in repeats]
    # a learner after the other, as they are listed, and each first with few images of all arms: a
    # sweep that is stopped has an answer
    learners = list(dict.fromkeys(learner for (learner, _), _ in found))
    found.sort(key=lambda one: (learners.index(one[0][0]), one[0][1]))
    return [words for _, words in found]


def _draws(cfg: DictConfig, asked: Sweep, once: Once, split_given: bool) -> list[Words]:
    from medsmall.contract import build
    from medsmall.labelled import labelled
    from medsmall.resolve import settle
    from medsmall.schema import check

    try:
        cfg, _ = settle(cfg, once)
        pools = labelled(cfg, check(cfg), build(cfg.split), once).pools
    except MedsmallError:
        return [()]
    test = pools.test
    labels = test[pools.targets].to_numpy(dtype=float)
    rarer = test["patient"].nunique()
    if set(labels[labels == labels].ravel()) <= {0.0, 1.0}:
        rarer = min(
            test.loc[column == value, "patient"].nunique()
            for column in labels.T
            for value in (0.0, 1.0)
        )
    assert asked.doubling_from is not None
    sizes = doubled(asked.doubling_from, len(pools.train))
    if split_given:
        return [()] if cfg.choices.split == "kfold" else [(f"sample_size.n={n}",) for n in sizes]
    if rarer < FEW or len(sizes) < 2:
        folds = (f"split.fold={fold}" for fold in range(FOLDS))
        return [("sample_size=all", "split=kfold", f"split.folds={FOLDS}", fold) for fold in folds]
    return [(f"sample_size.n={size}",) for size in sizes]


def doubled(first: int, most: int) -> list[int]:
    """``first``, twice as many, and so on, up to `most`."""
    sizes = []
    while first <= most:
        sizes.append(first)
        first *= 2
    return sizes
