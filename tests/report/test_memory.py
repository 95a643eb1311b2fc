"""A second report reads only what is new, and never what has changed."""

import json
import shutil

import numpy as np
import pytest
from made_records import completed, sweep

from medsmall.record import Record, checksums, predicted
from medsmall.report import memory
from medsmall.report.asked import Asked
from medsmall.report.question import answer


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    sweep(folder, {"none": 0.2, "imagenet": 0.8}, sizes=(50,), repeats=3)
    return folder


@pytest.fixture
def root(swept, tmp_path):
    shutil.copytree(swept, tmp_path / "outputs")
    return tmp_path / "outputs"


@pytest.fixture
def read(monkeypatch):
    """The keys of the records whose predictions were read."""
    keys = []
    whole = predicted.Predicted.of

    def counted(record):
        keys.append(record.key)
        return whole(record)

    monkeypatch.setattr(predicted.Predicted, "of", counted)
    return keys


def numbers(root, *words):
    found = answer(Asked.of([str(root), *words]))
    return [(c.arm, c.mean, c.interval) for c in found.cells], found.left_out


def test_it_reads_again_only_what_is_new(root, read):
    first = numbers(root)
    assert len(read) == 6
    read.clear()
    assert numbers(root) == first
    assert read == []
    sweep(root, {"mura": 0.5}, sizes=(50,), repeats=1)
    assert len(numbers(root)[0]) == 3
    assert len(read) == 1


def test_another_metric_is_read_once_and_kept(root, read):
    numbers(root)
    read.clear()
    first = numbers(root, "metric=sensitivity")
    assert len(read) == 6
    assert numbers(root, "metric=sensitivity") == first
    assert len(read) == 6


def test_what_has_changed_is_read_and_checked(root):
    before, _ = numbers(root)
    folder = sorted((root / "runs").iterdir())[0]
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps(metrics | {"labels_used": 1}))
    after, left_out = numbers(root)
    assert "has changed since it was written" in left_out[0]
    assert len(after) == len(before)
    (folder / "DONE").unlink()
    (folder / "DONE").write_text(checksums.of_folder(folder))
    again, left_out = numbers(root)
    assert left_out == []
    assert [mean for _, mean, _ in again] == [mean for _, mean, _ in before]


def test_every_file_of_a_record_is_looked_at(root):
    """Though a report reads but three: the page and the loggers read the others."""
    completed(Record(sorted((root / "runs").iterdir())[0]))
    numbers(root)
    (sorted((root / "runs").iterdir())[0] / "history.csv").write_text("")
    _, left_out = numbers(root)
    assert "history.csv has changed since it was written" in left_out[0]


def test_a_deleted_record_is_forgotten(root):
    numbers(root)
    shutil.rmtree(sorted((root / "runs").iterdir())[0])
    numbers(root, "metric=sensitivity")
    assert len(memory.Memory.of(root).runs) == 5


@pytest.mark.parametrize("fault", ["garbled", "empty", "pickled", "other code", "folder"])
def test_a_memory_that_cannot_be_used_is_made_anew(root, read, monkeypatch, fault):
    before, file = numbers(root), root / memory.NAME
    read.clear()
    if fault == "garbled":
        file.write_bytes(file.read_bytes()[:-200] + b"x" * 200)
    elif fault == "empty":
        file.write_bytes(b"")
    elif fault == "pickled":
        with file.open("wb") as opened:
            np.savez(opened, about=np.array([{}], dtype=object), influences=np.zeros(1))
    elif fault == "folder":
        file.unlink()
        file.mkdir()
    else:
        monkeypatch.setattr(memory, "_code", lambda: "other")
    assert numbers(root) == before
    assert len(read) == 6
