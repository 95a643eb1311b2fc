"""What a sweep will cost and can tell: ``python -m medsmall.plan -m ...``; nothing is trained.

The overrides are those of ``medsmall.train -m``.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import combinations, zip_longest

from omegaconf import DictConfig

from medsmall.command import as_command
from medsmall.grid.expand import Words
from medsmall.grid.sweep import tell_left_out
from medsmall.plan.plan import Plan, plan
from medsmall.plan.tells import sentences
from medsmall.quiet import quieten
from medsmall.sweep.table import span
from medsmall.terminal import console

EXAMPLES = """\
python -m medsmall.plan -m +experiment=which_pretraining dataset=mine
python -m medsmall.plan -m phantom=true sample_size.n=50,100 pretraining=none,imagenet"""


def tell(cells: Sequence[Words], at_once: int) -> None:
    """Print the plan of the cells with these overrides, so many of which run `at_once`."""
    quieten()
    made = plan(cells)
    tell_left_out(made.grid.cells)
    for line in lines(made, at_once):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def lines(made: Plan, at_once: int = 1) -> Iterator[str]:
    """The plan in sentences."""
    left_out = sum(1 for cell in made.grid.cells if cell.left_out)
    yield (
        f"{len(made.grid.cells):,} cells: {len(made.state.finished):,} recorded, "
        f"{len(made.to_run):,} to run, {left_out:,} left out, {len(made.grid.refused):,} refused."
    )
    names = {cell.overrides: cell.words for cell in made.grid.cells}
    yield from (f"Refused: {names[words]}: {why}" for words, why in made.grid.refused.items())
    for (dataset, side), (images, seconds) in made.lacking.items():
        if images:
            yield (
                f"{images:,} images of {dataset} are to be decoded at {side} px first, in about "
                f"{span(seconds)}. Until then the keys of its cells are not known, and neither "
                "is which are recorded."
            )
    for of in made.upstreams.values():
        yield f"Trained first: {of.name}, on {of.n:,} images, in about {span(of.seconds)}."
    yield from _cost(made, at_once)
    yield from _tells(made)


def _cost(made: Plan, at_once: int) -> Iterator[str]:
    needs = [made.needs[cell.overrides] for cell in made.to_run if cell.overrides in made.needs]
    if not needs:
        return
    every = [*needs, *made.upstreams.values()]
    total = sum(of.seconds for of in every) + sum(s for _, s in made.lacking.values())
    source = f"{made.recorded:,} recorded cells" if made.recorded else "a probe of a few steps"
    side_by_side = f", {span(total / at_once)} with {at_once} at once" if at_once > 1 else ""
    yield (
        f"Time: about {span(total)} for one cell after the other{side_by_side} "
        f"(from {source}; half or twice as much is possible). Disk: "
        f"{sum(of.bytes for of in every) / 1e9:.2f} GB."
    )


def _tells(made: Plan) -> Iterator[str]:
    cells = [cell for cell in made.grid.cells if not cell.left_out and cell.n]
    if not cells:
        return
    sizes = sorted({cell.n for cell in cells})
    arms = {cell.arm for cell in cells}
    repeats = max(
        sum(1 for cell in cells if (cell.arm, cell.n) == place)
        for place in {(cell.arm, cell.n) for cell in cells}
    )
    pairs = sum(_differ_in_one(a, b) for a, b in combinations(arms, 2))
    for of in made.tests.values():
        yield from sentences(of, sizes, repeats, max(1, pairs * len(sizes)), made.folds)
    yield (
        "What a plan cannot know: how well the networks will do, how far repeats will scatter, and "
        "what else this machine will be doing."
    )


def _differ_in_one(one: str, other: str) -> bool:
    """Whether the report compares two arms."""
    words = zip_longest(one.split(" "), other.split(" "))
    return sum(a != b for a, b in words) == 1


def _unswept(cfg: DictConfig) -> None:
    raise AssertionError("a plan is made by its sweeper")


def main() -> None:
    """The command; a single run is a sweep of one cell."""
    if not {"-m", "--multirun", "-h", "--help", "--version", "--cfg"} & {*sys.argv}:
        sys.argv.append("-m")
    as_command(_unswept, str(__doc__), EXAMPLES, sweeper="plan")()


if __name__ == "__main__":
    main()
