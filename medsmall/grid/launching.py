"""Launches the cells of a sweep until each is recorded or has failed."""

import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from medsmall.command import mendable
from medsmall.errors import MedsmallError
from medsmall.lock import holder_file, is_held
from medsmall.sweep.folder import Cell, Failure, SweepFolder
from medsmall.terminal import say_once

Launch = Callable[[Sequence[Cell]], Sequence[JobReturn]]
IN_VAIN = 3  # launches after which no cell has moved on
KILLED = (
    "Its process was killed, for lack of memory or at the end of its time: run fewer cells at "
    "once, or lower batch_size or image_size_px."
)


def run(
    cells: Sequence[Cell],
    folder: SweepFolder,
    launch: Launch,
    fail_fast: bool,
    batch: int | None = None,
) -> None:
    """Launch `cells` until each has a record or a failure; with `fail_fast` until one has failed.

    At most `batch` are launched at once. A cell that another process is making, or whose upstream
    it is making, waits for its turn. One whose process was killed is tried once more, alone.
    """
    in_vain, killed = 0, set[Cell]()
    while left := _left(cells, folder):
        if fail_fast and folder.has_failures:
            return
        free = [cell for cell in _upstreams_first(left, folder) if not _is_busy(cell, folder)]
        if not free:
            say_once(f"Other processes make what is left ({len(left):,} cells): waiting for them.")
            time.sleep(1)
            continue
        alone = [cell for cell in free if cell in killed][:1]
        suspects = _launched(alone or free[:batch], folder, launch, killed)
        moved = len(_left(cells, folder)) < len(left)
        in_vain = 0 if moved or suspects else in_vain + 1
        killed |= suspects
        if in_vain == IN_VAIN:
            raise MedsmallError(
                f"{len(left):,} cells were launched and left no record, the first of them "
                f"'{left[0].words}': see whether they can write to {folder.root}."
            )
        if in_vain:
            time.sleep(1)


def _left(cells: Sequence[Cell], folder: SweepFolder) -> list[Cell]:
    return [
        cell
        for cell in cells
        if not folder.record(cell.key).done and not folder.failure(cell.overrides)
    ]


def _upstreams_first(cells: Sequence[Cell], folder: SweepFolder) -> list[Cell]:
    """One cell of each upstream that has to be trained comes first: the others wait for it."""
    first: dict[str, Cell] = {}
    for cell in cells:
        if cell.upstreams and not folder.record(cell.upstreams[0]).done:
            first.setdefault(cell.upstreams[0], cell)
    begin = [*first.values()]
    return [*begin, *(cell for cell in cells if cell not in begin)]


def _is_busy(cell: Cell, folder: SweepFolder) -> bool:
    records = [folder.record(key) for key in (cell.key, *cell.upstreams)]
    return any(is_held(record.lock) for record in records if not record.done)


def _launched(
    cells: Sequence[Cell], folder: SweepFolder, launch: Launch, killed: set[Cell]
) -> set[Cell]:
    """Launch the `cells`; returns those whose process seems to have been killed.

    One of them that was `killed` before has failed, and so has a cell with an error outside of its
    own work, such as a plugin's.
    """
    began = time.time()
    try:
        results = launch(cells)
    except Exception as error:
        if isinstance(error, MedsmallError) or "srun" in str(error):
            raise
        suspects = {cell for cell in cells if _was_running(cell, folder, began)}
        if not suspects and len(cells) == 1:
            suspects = {*cells}
        if not suspects:
            raise
        for cell in suspects & killed:
            folder.fail(Failure(cell.overrides, KILLED, traceback.format_exc()))
        return suspects
    for cell, result in zip(cells, results, strict=False):
        if result.status == JobStatus.FAILED:
            fault: Any = result._return_value
            told = "".join(traceback.format_exception(fault))
            sentence = mendable(fault) or f"{type(fault).__name__}: {fault}"
            folder.fail(Failure(cell.overrides, sentence, told))
    return set()


def _was_running(cell: Cell, folder: SweepFolder, since: float) -> bool:
    """Whether it, or its upstream, has begun since then in a process that is gone."""
    for key in (cell.key, *cell.upstreams):
        lock = folder.record(key).lock
        holder = holder_file(lock)
        if holder.is_file() and holder.stat().st_mtime >= since - 1 and not is_held(lock):
            return True
    return False
