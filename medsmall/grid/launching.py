"""Launches the cells of a sweep until each is recorded or has failed."""

import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from medsmall.command import mendable
from medsmall.errors import MedsmallError
from medsmall.lock import is_held
from medsmall.sweep.folder import Cell, Failure, SweepFolder

Launch = Callable[[Sequence[Cell]], Sequence[JobReturn]]
IN_VAIN = 3  # launches after which no cell has moved on
KILLED = (
    "its process was killed, most likely for lack of memory: run fewer cells at once, or lower "
    "batch_size or image_size_px"
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
    it is making, waits for its turn.
    """
    since = folder.begun
    in_vain, killed = 0, set[Cell]()
    while left := _left(cells, folder, since):
        if fail_fast and len(left) < len(cells) and folder.has_failures(since):
            return
        free = [cell for cell in left if not _is_busy(cell, folder)]
        if not free:
            time.sleep(1)
            continue
        alone = [cell for cell in free if cell in killed][:1]
        suspects = _launched(alone or free[:batch], folder, launch)
        for cell in suspects & killed:
            folder.fail(Failure(cell.overrides, f"Cell not finished: {KILLED}."))
        killed |= suspects
        moved = len(_left(cells, folder, since)) < len(left)
        in_vain = 0 if moved or suspects else in_vain + 1
        if in_vain == IN_VAIN:
            raise MedsmallError(
                f"{len(left):,} cells were launched and left no record, the first of them "
                f"'{left[0].words}': see whether they can write to {folder.root}."
            )


def _left(cells: Sequence[Cell], folder: SweepFolder, since: float) -> list[Cell]:
    return [
        cell
        for cell in cells
        if not folder.record(cell.key).done
        and not ((why := folder.failure(cell)) and why.at >= since)
    ]


def _is_busy(cell: Cell, folder: SweepFolder) -> bool:
    return any(
        is_held(folder.record(key).lock)
        for key in (cell.key, cell.upstream)
        if key and not folder.record(key).done
    )


def _launched(cells: Sequence[Cell], folder: SweepFolder, launch: Launch) -> set[Cell]:
    """Launch the `cells`; returns those whose process seems to have been killed.

    A cell with an error outside of its own work, such as a plugin's, has failed.
    """
    began = time.time()
    try:
        results = launch(cells)
    except Exception as error:
        if mendable(error):
            raise
        suspects = {cell for cell in cells if _was_running(cell, folder, began)}
        if not suspects and len(cells) == 1:
            suspects = {*cells}
        if not suspects:
            raise
        return suspects
    for cell, result in zip(cells, results, strict=False):
        if result.status == JobStatus.FAILED:
            fault: Any = result._return_value
            told = "".join(traceback.format_exception(fault))
            sentence = mendable(fault) or f"{type(fault).__name__}: {fault}"
            folder.fail(Failure(cell.overrides, sentence, told))
    return set()


def _was_running(cell: Cell, folder: SweepFolder, since: float) -> bool:
    """Whether it has begun since then, and its lock is left of a process that is gone."""
    lock = folder.record(cell.key).lock
    holder = lock.with_name(f"{lock.name}.holder")
    try:
        return holder.stat().st_mtime >= since - 1 and not is_held(lock)
    except OSError:
        return False
