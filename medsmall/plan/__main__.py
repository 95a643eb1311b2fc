"""What a sweep will cost and can tell: ``python -m medsmall.plan -m ...``; nothing is trained.

The overrides are those of ``medsmall.train -m``.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, zip_longest

from omegaconf import DictConfig

from medsmall.command import as_command
from medsmall.configs.machine import cores
from medsmall.errors import MedsmallError
from medsmall.grid.expand import Words
from medsmall.grid.sweep import in_words, tell_left_out
from medsmall.plan.plan import Plan, plan
from medsmall.plan.tells import sentences
from medsmall.quiet import quieten
from medsmall.sweep.table import by_reason, span
from medsmall.terminal import console

MOST_ARMS = 12  # that are named
EXAMPLES = """\
python -m medsmall.plan -m +experiment=which_pretraining dataset=mine
python -m medsmall.plan -m phantom=true sample_size.n=50,100 pretraining=none,imagenet"""


def tell(cells: Sequence[Words], at_once: int) -> None:
    """Print the plan of the cells with these overrides, so many of which run `at_once`."""
    quieten()
    if at_once > 1:
        import torch

        torch.set_num_threads(max(1, cores() // at_once))  # a worker has no more
    made = plan(cells)
    tell_left_out(made.grid.cells)
    for line in lines(made, at_once):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def lines(made: Plan, at_once: int = 1) -> Iterator[str]:
    """The plan in sentences."""
    left_out = sum(1 for cell in made.grid.cells if cell.left_out)
    yield (
        f"{in_words(made.grid.cells)}: {len(made.state.finished):,} recorded, "
        f"{len(made.to_run):,} to run, {left_out:,} left out, {len(made.grid.refused):,} refused."
    )
    for cell, more, why in by_reason(made.grid.cells, made.grid.refused):
        yield f"Refused: {cell.words}{more}: {why}"
    arms = list(dict.fromkeys(cell.arm for cell in made.to_run))
    if 1 < len(arms) <= MOST_ARMS:
        yield f"Arms to run: {'; '.join(arms)}."
    for (dataset, side), (images, seconds) in made.lacking.items():
        if images:
            yield (
                f"{images:,} images of {dataset} are to be decoded at {side} px first, in about "
                f"{span(seconds)}. Until then it is not known which cells are recorded."
            )
    for (dataset, side), images in made.grid.unprepared.items():
        if (dataset, side) not in made.lacking:
            yield (
                f"{images:,} images of {dataset} are to be decoded at {side} px for an upstream; "
                "it is not in the time and the disk below. Prepare them to know: python -m "
                f"medsmall.prepare dataset={dataset} image_size_px={side}"
            )
    for of in made.upstreams.values():
        yield f"Trained first: {of.name}, on {of.n:,} images, in about {span(of.seconds)}."
    yield from _cost(made, at_once)
    yield from _tells(made)


def _cost(made: Plan, at_once: int) -> Iterator[str]:
    needs = [made.needs[cell.overrides] for cell in made.to_run if cell.overrides in made.needs]
    if not needs:
        return
    before = sum(of.seconds for of in made.upstreams.values())
    before += sum(seconds for _, seconds in made.lacking.values())
    cells = sum(of.seconds for of in needs)
    side_by_side = f", {span(before + cells / at_once)} with {at_once} at once" * (at_once > 1)
    source = f"{made.learned:,} cells from records of their arm, the others from a few steps"
    disk = sum(of.bytes for of in [*needs, *made.upstreams.values()])
    yield (
        f"Time: about {span(before + cells)} for one cell after the other{side_by_side} ({source}; "
        f"half or twice as much is possible). Disk: {disk / 1e9:.2f} GB."
    )


def _tells(made: Plan) -> Iterator[str]:
    known = [cell for cell in made.grid.cells if not cell.left_out and cell.n]
    for name, of in made.tests.items():  # arms are compared within a data set
        cells = [cell for cell in known if made.of_data.get(cell.overrides) == name]
        places = Counter((cell.arm, cell.n) for cell in cells)
        sizes = sorted({n for _, n in places})
        arms = {arm for arm, _ in places}
        pairs = sum(_differ_in_one(a, b) for a, b in combinations(arms, 2))
        if places:
            yield from sentences(
                of, sizes, max(places.values()), max(1, pairs * len(sizes)), made.folds
            )
    yield (
        "What a plan cannot know: how well the networks will do, how far repeats will scatter, and "
        "what else this machine will be doing."
    )


def _differ_in_one(one: str, other: str) -> bool:
    """Whether the report compares two arms."""
    words = zip_longest(one.split(" "), other.split(" "))
    return sum(a != b for a, b in words) == 1


def _unswept(cfg: DictConfig) -> None:
    raise MedsmallError("A plan is of a grid: leave out hydra/sweeper.")


def main() -> None:
    """The command; a single run is a sweep of one cell."""
    if not {"-m", "--multirun", "-h", "--help", "--version", "--cfg"} & {*sys.argv}:
        sys.argv.append("-m")
    as_command(_unswept, str(__doc__), EXAMPLES, sweeper="plan")()


if __name__ == "__main__":
    main()
