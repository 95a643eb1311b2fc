"""A whole sweep: its cells identified, launched, watched, and what became of them."""

import shlex
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn
from omegaconf import DictConfig

from medsmall import once as sharing
from medsmall.configs import compose, quoted
from medsmall.contract import build
from medsmall.errors import MedsmallError
from medsmall.grid.draws import with_draws
from medsmall.grid.expand import Words, varied
from medsmall.grid.identify import Grid, Identifier
from medsmall.grid.launching import run
from medsmall.grid.rules import Rules
from medsmall.lock import tidy
from medsmall.quiet import quieten
from medsmall.schema import check_sweep
from medsmall.sweep import Sweep
from medsmall.sweep.folder import Cell, Failure, SweepFolder
from medsmall.sweep.state import State
from medsmall.sweep.table import by_reason, failures
from medsmall.sweep.watch import watched
from medsmall.terminal import say

if TYPE_CHECKING:
    from medsmall.case import Case

MANY = 500  # cells whose identification takes a while
Launcher = Callable[[Sequence[Sequence[str]], int], Sequence[JobReturn]]


class FailedCellsError(MedsmallError):
    """Some cells have failed; the others are recorded."""


def sweep(named: Sequence[Words], launch: Launcher, batch: int | None = None) -> list[JobReturn]:
    """Run the cells that have no record yet, `batch` of them in one launch (None: all).

    `named` are their overrides, perhaps with the name of the sweep. Ends with the report of all
    cells. MedsmallError if some have failed.
    """
    quieten()
    if batch is not None and not (isinstance(batch, int) and batch > 0):
        raise MedsmallError(f"hydra.sweeper.max_batch_size must be at least 1, but is {batch}.")
    asked, cfg, cells = settings(named)
    cells = with_draws(cells, asked, sharing.SHARED)
    folder = SweepFolder(cfg.output_root, asked.name or name_of(cfg, cells))
    grid = Identifier(Rules(asked.rules), sharing.SHARED, _tell_other_versions).identify(cells)
    tell_left_out(grid.cells)
    if all(cell.left_out or cell.overrides in grid.refused for cell in grid.cells):
        raise MedsmallError(_nothing_to_run(grid))
    folder.begin(grid.cells, named=asked.name is not None)
    for words, sentence in grid.refused.items():
        folder.fail(Failure(words, sentence))
    state = State.of(folder)
    _tell(grid, state)

    own = quoted(f"sweep.name={folder.name}")
    results: list[JobReturn] = []

    def launched(some: Sequence[Cell]) -> Sequence[JobReturn]:
        new = launch([(*cell.overrides, own) for cell in some], len(results))
        results.extend(new)
        return new

    if state.left and not (asked.fail_fast and grid.refused):
        try:
            with watched(state):
                run(state.left, folder, launched, asked.fail_fast, batch)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_interrupted(state)) from None
        finally:
            for place in (
                "runs",
                "sweeps",
                f"sweeps/{folder.name}",
                f"sweeps/{folder.name}/failed",
            ):
                tidy(folder.root / place)
    state.look()
    _end(state)
    return results


def settings(named: Sequence[Words]) -> tuple[Sweep, DictConfig, list[Words]]:
    """What is asked of a sweep; the config of what its cells have in common; its cells."""
    if any(word.startswith("sweep.") for word in varied(named)):
        raise MedsmallError("The keys of the group sweep are for all cells: give each one value.")
    cfg = common(named)
    check_sweep(cfg)
    cells = [tuple(word for word in cell if not word.startswith("sweep.name=")) for cell in named]
    if len(cells) >= MANY:
        say(f"Identifying {len(cells):,} cells, some 30 a second ...")
    return build(cfg.sweep), cfg, cells


def _tell_other_versions(cell: Cell, of: Any, source: Any, case: "Case | None") -> None:
    from medsmall.record.environment import tell_other_versions

    if case and case.record.done:
        tell_other_versions(case.record, case.source.record)


def common(cells: Sequence[Words]) -> DictConfig:
    """The config of what all cells have in common."""
    differing = varied(cells)
    return compose([word for word in cells[0] if word not in differing])


def written(words: Sequence[str]) -> list[str]:
    """The command line as it was written, without the sweeper that the command adds."""
    return [word for word in words if word != "hydra/sweeper=grid"]


def name_of(cfg: DictConfig, cells: Sequence[Words]) -> str:
    """The same for the same grid: its experiment, or data set, and a hash of its cells."""
    about = str(cfg.choices.get("experiment") or cfg.choices.get("dataset")).replace("/", "_")
    return f"{about}-{sha256(repr(sorted(cells)).encode()).hexdigest()[:6]}"


def _tell(grid: Grid, state: State) -> None:
    """What is run and what is not, before anything is."""
    for notice in grid.notices:
        say(notice)
    for sentence in failures(state):
        say(sentence)
    same = f" ({grid.same:,} more are the same run as another)" if grid.same else ""
    say(
        f"Sweep {state.folder.name}: {in_words(state.cells)}{same}, "
        f"{len(state.finished):,} recorded already, {len(state.left):,} to run"
        f"{f', {len(state.failed):,} failed' if state.failed else ''}. "
        f"From another terminal: python -m medsmall.status {shlex.quote(str(state.folder.root))}"
    )


def _nothing_to_run(grid: Grid) -> str:
    """What is wrong with each cell, a sentence per line."""
    if not grid.refused:
        return (
            "No cell is left to run: change the command, or remove a rule (conf/sweep/grid.yaml)."
        )
    told = by_reason(grid.cells, grid.refused)
    return "\n".join(f"[{cell.words}{more}] {why}" for cell, more, why in told)


def tell_left_out(cells: Sequence[Cell]) -> None:
    """The cells that the rules leave out, by reason."""
    reasons = {cell.overrides: cell.left_out for cell in cells}
    for cell, more, why in by_reason(cells, reasons):
        say(f"Left out: {cell.words}{more}: {why.rstrip('.')}.")


def _interrupted(state: State) -> str:
    state.look()
    done = f"{len(state.finished):,} of {in_words(state.cells)} recorded; the same command goes on"
    if not state.finished:
        return done
    asked = shlex.join([str(state.folder.root), f"sweep={state.folder.name}"])
    return f"{done} from there; what they tell: python -m medsmall.report {asked}"


def in_words(cells: Sequence[Cell]) -> str:
    """Their number."""
    return f"{len(cells):,} cell{'s' * (len(cells) != 1)}"


def _end(state: State) -> None:
    """The report, then what has failed, and the command that runs only that again."""
    from medsmall.report.__main__ import of_sweep

    keys = dict.fromkeys(cell.key for cell in state.cells if cell.key in state.finished)
    if len(keys) > 1:
        of_sweep([state.folder.record(key) for key in keys], state.folder.name)
    if not (state.failed or state.left):
        return
    for sentence in failures(state):
        say(sentence)
    again = shlex.join(["python", "-m", "medsmall.train", *written(sys.argv[1:])])
    left = f" {len(state.left):,} were not run." if state.left else ""
    where = state.folder.path / "failed"
    raise FailedCellsError(
        f"{len(keys):,} of {in_words(state.cells)} succeeded, {len(state.failed):,} failed "
        f"(why: {where}).{left} "
        f"Once that is mended, the same command runs only those again: {again}"
    )
