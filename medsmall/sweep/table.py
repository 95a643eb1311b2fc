"""The state of a sweep as one table, or as a line per finished cell."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from rich.console import Group
from rich.table import Table
from rich.text import Text

from medsmall.sweep.folder import Cell
from medsmall.sweep.state import State

MOST = 4  # running cells that are named


def table(state: State) -> Group:
    """Arms as rows, with their cells by state, and below it what runs and the time left."""
    shown = Table(title=Text(f"Sweep {state.folder.name}"), title_justify="left")
    shown.add_column("arm")
    score = _score_name(state)
    for heading in ("done", "running", "failed", "left", score):
        shown.add_column(heading, justify="right")
    arms = dict.fromkeys(cell.arm for cell in state.cells)
    of = _counts(state)
    for arm in arms:
        scores = state.scores(arm)
        mean = f"{sum(scores) / len(scores):.3f}" if scores else ""
        best = " *" if arm and arm == state.best else ""
        shown.add_row(arm or "all", *(str(of[arm, kind] or "") for kind in KINDS), mean + best)
    if len(arms) > 1:
        shown.add_section()
        total = (sum(of[arm, kind] for arm in arms) for kind in KINDS)
        shown.add_row("all", *map(str, total), "")
    return Group(shown, *map(Text, _below(state)))


KINDS = ("done", "running", "failed", "left")


def _counts(state: State) -> Counter[tuple[str, str]]:
    running = {cell.overrides for cell in state.running}
    found: Counter[tuple[str, str]] = Counter()
    for cell in state.cells:
        if cell.key in state.finished:
            kind = "done"
        elif cell.overrides in state.failed:
            kind = "failed"
        else:
            kind = "running" if cell.overrides in running else "left"
        found[cell.arm, kind] += 1
    return found


def _score_name(state: State) -> str:
    metrics = {one.metric for one in state.finished.values()}
    return f"val {metrics.pop()}" if len(metrics) == 1 else "val score"


def _below(state: State) -> list[str]:
    lines = []
    if state.best:
        lines.append(
            "* the best so far by validation, over the same draws; the report compares on test"
        )
    if state.left and not state.running:
        lines.append(
            "No cell is running: workers take seconds to start. A sweep that was stopped goes on "
            "with the same command."
        )
    if state.running:
        names = [cell.words for cell in state.running[:MOST]]
        more = len(state.running) - len(names)
        lines.append(f"Running: {'; '.join(names)}{f' and {more} more' if more else ''}")
    return [*lines, progress(state)]


def progress(state: State) -> str:
    """How many cells are done, and the time left."""
    done, all_of_them = len(state.finished), len({c.key or c.overrides for c in state.cells})
    line = f"{done:,} of {all_of_them:,} cells done"
    if state.failed:
        line += f", {len(state.failed):,} failed"
    if not state.left:
        return line
    seconds, arms = state.seconds_left(), state.arms_to_begin
    if seconds is None:
        return f"{line}; time left: not known before a cell has finished"
    if not seconds:
        return f"{line}; time left: not known, no cell of the arms to come has finished"
    more = f", and {arms} arm{'s' * (arms > 1)} of which no cell has finished" if arms else ""
    return f"{line}; time left: about {span(seconds)}{more}"


def line(state: State, cell: Cell) -> str:
    """One line about a cell that has finished."""
    found = state.finished[cell.key]
    score = f", val {found.metric} {found.score:.3f}" if found.score is not None else ""
    return f"{cell.words}: {found.seconds:.0f} s{score} ({progress(state)})"


def failures(state: State) -> list[str]:
    """A sentence for each reason why cells have failed."""
    reasons = {overrides: why.sentence for overrides, why in state.failed.items()}
    return [
        f"Failed: {cell.words}{more}: {why}" for cell, more, why in by_reason(state.cells, reasons)
    ]


def by_reason(
    cells: Iterable[Cell], reasons: Mapping[tuple[str, ...], str]
) -> Iterator[tuple[Cell, str, str]]:
    """The first cell of each reason, how many more there are in words, and the reason."""
    of: dict[str, list[Cell]] = {}
    for cell in cells:
        if why := reasons.get(cell.overrides):
            of.setdefault(why, []).append(cell)
    for why, alike in of.items():
        yield alike[0], f" and {len(alike) - 1:,} more" if len(alike) > 1 else "", why


def span(seconds: float) -> str:
    """A time in words: "40 s", "12 min", "3 h 20 min", "2 days 4 h"."""
    if seconds < 1:
        return "a second"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours = round(minutes / 60)
    if hours < 48:
        return f"{minutes // 60} h {minutes % 60} min" if hours < 10 else f"{hours} h"
    return f"{hours // 24} days {hours % 24} h"
