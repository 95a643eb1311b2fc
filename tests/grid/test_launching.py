"""Cells are launched until each has a record or a failure, whatever the launcher does."""

import json
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from filelock import FileLock
from hydra.core.utils import JobReturn, JobStatus

from medsmall.errors import MedsmallError
from medsmall.grid import launching
from medsmall.sweep.folder import Cell, Failure, SweepFolder

CELLS = [Cell((f"seed={i}",), f"seed={i}", key=f"{i:016x}", name=f"run {i}") for i in range(4)]


@pytest.fixture
def folder(tmp_path) -> SweepFolder:
    folder = SweepFolder(tmp_path, "mine")
    folder.begin(CELLS)
    return folder


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(launching.time, "sleep", lambda seconds: None)


def finish(folder: SweepFolder, cell: Cell) -> JobReturn:
    record = folder.record(cell.key)
    record.folder.mkdir(parents=True, exist_ok=True)
    (record.folder / "DONE").write_text("")
    return JobReturn(status=JobStatus.COMPLETED)


def launches(folder: SweepFolder, work: Callable[[Cell], object]) -> tuple[list, Callable]:
    seen: list[list[str]] = []

    def launch(cells: Sequence[Cell]) -> list[JobReturn]:
        seen.append([cell.words for cell in cells])
        return [work(cell) or JobReturn(status=JobStatus.COMPLETED) for cell in cells]

    return seen, launch


def test_each_cell_is_launched_once_where_all_goes_well(folder):
    seen, launch = launches(folder, lambda cell: finish(folder, cell))
    launching.run(CELLS, folder, launch, fail_fast=False)
    assert seen == [[cell.words for cell in CELLS]]


def test_a_failed_cell_is_not_launched_again_but_in_the_next_sweep(folder):
    def work(cell: Cell) -> object:
        if cell is CELLS[1]:
            return folder.fail(Failure(cell.overrides, "It is bad."))
        return finish(folder, cell)

    seen, launch = launches(folder, work)
    launching.run(CELLS, folder, launch, fail_fast=False)
    assert len(seen) == 1
    folder.begin(CELLS)
    launching.run(CELLS, folder, launch, fail_fast=False)
    assert seen[1:] == [["seed=1"]]


def test_fail_fast_ends_after_the_first_failure(folder):
    seen, launch = launches(folder, lambda cell: folder.fail(Failure(cell.overrides, "Bad.")))
    folder.fail(Failure(CELLS[0].overrides, "Bad."))
    launching.run(CELLS, folder, launch, fail_fast=True)
    assert seen == []


def test_an_error_outside_of_a_cells_work_is_its_failure(folder):
    def launch(cells: Sequence[Cell]) -> list[JobReturn]:
        for cell in cells[1:]:
            finish(folder, cell)
        bad = JobReturn(status=JobStatus.FAILED)
        bad._return_value = KeyError("a plugin's")
        return [bad, *(JobReturn(status=JobStatus.COMPLETED) for _ in cells[1:])]

    launching.run(CELLS, folder, launch, fail_fast=False)
    why = folder.failure(CELLS[0].overrides)
    assert why is not None
    assert "KeyError" in why.sentence
    assert "KeyError" in why.traceback


def test_a_cell_that_another_process_makes_waits_and_is_not_launched(folder):
    """The other process holds its lock for two looks, then its record is there."""
    record = folder.record(CELLS[2].key)
    record.folder.parent.mkdir(parents=True)
    lock = FileLock(record.lock)
    lock.acquire()
    record.lock.with_name(f"{record.lock.name}.holder").write_text("{}")
    looks = iter(range(3))

    def slept(seconds: float) -> None:
        if next(looks) == 1:
            finish(folder, CELLS[2])
            lock.release()

    launching.time.sleep = slept  # type: ignore[assignment]  # undone by at_once
    seen, launch = launches(folder, lambda cell: finish(folder, cell))
    launching.run(CELLS, folder, launch, fail_fast=False)
    assert seen == [["seed=0", "seed=1", "seed=3"]]


def test_a_killed_worker_is_tried_once_more_alone_and_then_has_failed(folder):
    seen = []

    def launch(cells: Sequence[Cell]) -> list[JobReturn]:
        seen.append([cell.words for cell in cells])
        for cell in cells:
            if cell.words == "seed=1":
                record = folder.record(cell.key)
                record.folder.mkdir(parents=True, exist_ok=True)
                me = {"pid": 2**22 + 1, "host": socket.gethostname(), "since": "now"}
                holder = record.lock.with_name(f"{record.lock.name}.holder")
                holder.write_text(json.dumps(me))
                raise ChildProcessError("a worker was terminated")
            finish(folder, cell)
        return []

    launching.run(CELLS, folder, launch, fail_fast=False)
    assert seen == [[c.words for c in CELLS], ["seed=1"], ["seed=2", "seed=3"]]
    why = folder.failure(CELLS[1].overrides)
    assert why is not None
    assert "lack of memory" in why.sentence


def test_a_worker_killed_in_an_upstream_is_found_by_its_lock(folder):
    cells = [replace(cell, upstreams=("up",)) for cell in CELLS[:2]]

    def launch(some: Sequence[Cell]) -> list[JobReturn]:
        if len(some) > 1:
            record = folder.record("up")
            record.folder.parent.mkdir(parents=True, exist_ok=True)
            record.lock.with_name(f"{record.lock.name}.holder").write_text("{}")
            raise ChildProcessError("a worker was terminated")
        return [finish(folder, cell) for cell in some]

    launching.run(cells, folder, launch, fail_fast=False)
    assert not folder.has_failures


def test_one_cell_of_each_missing_upstream_comes_first(folder):
    of = ("a", "a", "b", "")
    cells = [
        replace(cell, upstreams=(key,) if key else ()) for cell, key in zip(CELLS, of, strict=True)
    ]
    seen, launch = launches(folder, lambda cell: finish(folder, cell))
    launching.run(cells, folder, launch, fail_fast=False)
    assert seen == [["seed=0", "seed=2", "seed=1", "seed=3"]]


def test_no_more_than_a_batch_is_launched_at_once(folder):
    seen, launch = launches(folder, lambda cell: finish(folder, cell))
    launching.run(CELLS, folder, launch, fail_fast=False, batch=3)
    assert list(map(len, seen)) == [3, 1]


def test_a_launcher_that_cannot_start_is_not_tried_for_ever(folder):
    def launch(cells: Sequence[Cell]) -> list[JobReturn]:
        raise RuntimeError("no such partition")

    with pytest.raises(RuntimeError, match="no such partition"):
        launching.run(CELLS, folder, launch, fail_fast=False)

    def refused(cells: Sequence[Cell]) -> list[JobReturn]:
        raise MedsmallError("Install it.")

    with pytest.raises(MedsmallError, match="Install it"):
        launching.run(CELLS, folder, refused, fail_fast=False)


def test_cells_that_leave_nothing_end_in_a_sentence(folder):
    seen, launch = launches(folder, lambda cell: None)
    with pytest.raises(MedsmallError, match="4 cells were launched and left no record"):
        launching.run(CELLS, folder, launch, fail_fast=False)
    assert len(seen) == launching.IN_VAIN
    assert os.listdir(folder.path) == ["grid.json"]
