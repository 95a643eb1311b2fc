"""Locks tell who holds them, and are not waited for in vain."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from medsmall import lock
from medsmall.errors import MedsmallError
from medsmall.lock import held

HOLDS = """
import sys, time
from pathlib import Path
from medsmall.lock import held

with held(Path(sys.argv[1]), "Run x"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.1)


def holder(path: Path) -> Path:
    return path.with_name(f"{path.name}.holder")


def written(path: Path, **other) -> None:
    me = {"pid": os.getpid(), "host": socket.gethostname(), "since": "2026-01-01T00:00:00+00:00"}
    holder(path).write_text(json.dumps(me | other))


def test_who_holds_it_stands_beside_it_for_as_long(tmp_path):
    path = tmp_path / ".x.lock"
    with held(path, "Run x"):
        told = json.loads(holder(path).read_text())
        assert (told["pid"], told["host"]) == (os.getpid(), socket.gethostname())
    assert not holder(path).exists()
    with held(path, "Run x"):
        pass


def test_another_process_is_waited_for_and_named(tmp_path, capsys):
    path = tmp_path / ".x.lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path), "1"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with held(path, "Run x"):
        said = capsys.readouterr().err
    process.wait()
    assert said.startswith(
        f"Waiting: Run x is being made by process {process.pid} on {socket.gethostname()}, "
    )
    assert said.count("\n") == 1


def test_what_a_process_left_is_taken_at_once(tmp_path):
    path = tmp_path / ".x.lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path), "60"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait()
    begun = time.monotonic()
    with held(path, "Run x"):
        assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ({"pid": os.getppid()}, "started this process and waits for it"),
        ({"pid": 2**22 + 1}, "which has ended, but a process started by it still runs"),
    ],
)
def test_it_is_not_waited_for_in_vain(tmp_path, who, sentence):
    path = tmp_path / ".x.lock"
    with FileLock(path):
        written(path, **who)
        with pytest.raises(MedsmallError, match=sentence), held(path, "Run x"):
            pass
    assert holder(path).exists()  # another's


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": "x"}'])
def test_a_damaged_note_is_no_reason_to_fail(tmp_path, content, monkeypatch):
    path = tmp_path / ".x.lock"
    first = FileLock(path)
    first.acquire()
    holder(path).write_text(content)
    looks = []
    read = lock._read

    def release_at_the_third_look(file):
        looks.append(file)
        if len(looks) == 3:
            first.release()
        return read(file)

    monkeypatch.setattr(lock, "_read", release_at_the_third_look)
    with held(path, "Run x"):
        assert len(looks) == 3


def test_a_folder_that_takes_no_files_is_told():
    with (
        pytest.raises(MedsmallError, match="/proc does not accept lock files"),
        held(Path("/proc/x"), "x"),
    ):
        pass
