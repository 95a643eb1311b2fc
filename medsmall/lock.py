"""A lock between processes that names its holder, and refuses to wait for ever."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from medsmall.atomic import write_whole
from medsmall.errors import MedsmallError

PATIENCE = 1.0  # seconds between two checks of the holder


class BusyError(Exception):
    """Another process holds the lock."""


@contextmanager
def held(path: Path, what: str, wait: bool = True) -> Iterator[None]:
    """Hold the lock file `path` for the body, after its present holder; `what` is its purpose.

    The file <path>.holder names the holder: process, host, start. MedsmallError if the holder
    started this process, if it has ended but a process started by it still holds the lock, and if
    the folder does not accept lock files. BusyError if there is a holder and `wait` is false.
    """
    lock, holder = FileLock(path), holder_file(path)
    before: dict[str, Any] | None = None
    while not lock.is_locked:
        try:
            lock.acquire(timeout=PATIENCE if wait else 0)
        except Timeout:
            now = _read(path)
            if not path.exists():
                raise MedsmallError(
                    f"{path.parent} does not accept lock files: set output_root and cache_root to "
                    "folders that can be written to."
                ) from None
            if now == before:  # twice the same holder, not one that has just taken it
                _refuse_in_vain(now, what)
            elif not wait:
                raise BusyError(what) from None
            else:
                print(f"Waiting: {what} is being made by {_words(now)}.", file=sys.stderr)
            before = now
    try:
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        me = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        write_whole(holder, lambda file: file.write_text(json.dumps(me), encoding="utf-8"))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def holder_file(path: Path) -> Path:
    """The file that names the holder of a lock."""
    return path.with_name(f"{path.name}.holder")


def _read(path: Path) -> dict[str, Any]:
    """The holder of the lock `path`, which may have been killed; {} if none is known."""
    try:
        told = json.loads(holder_file(path).read_text(encoding="utf-8"))
        return {"pid": int(told["pid"]), "host": str(told["host"]), "since": str(told["since"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def is_held(path: Path) -> bool:
    """Whether a process holds the lock now."""
    if not path.is_file():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True


def tidy(folder: Path) -> None:
    """Remove what killed processes of this machine left in a folder: their names, half files."""
    for holder in folder.glob(".*.lock.holder"):
        if not is_held(holder.with_suffix("")):
            holder.unlink(missing_ok=True)
    for file in folder.glob(f".[0-9]*.{socket.gethostname()}-*"):
        if not _alive(int(file.name[1:].partition(".")[0])):
            file.unlink(missing_ok=True)


def _words(who: dict[str, Any]) -> str:
    if not who:
        return "another process"
    return f"process {who['pid']} on {who['host']}, since {who['since']}"


def _refuse_in_vain(who: dict[str, Any], what: str) -> None:
    if who.get("host") != socket.gethostname():
        return
    if who["pid"] in _begun_by():
        raise MedsmallError(
            f"{what} is being made by {_words(who)}, which started this process and waits for it: "
            "train in several processes with trainer=ddp."
        )
    if not _alive(who["pid"]):
        raise MedsmallError(
            f"{what} was being made by {_words(who)}, which has ended, but a process started by it "
            "still runs: end that process, and start the command again."
        )


def _begun_by() -> set[int]:
    """The parent of this process, its parent and so on, if the system shows them."""
    found, pid = set[int](), os.getppid()
    while pid > 1 and pid not in found:
        found.add(pid)
        try:  # "pid (name) state parent ...": a name may hold anything
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    return found


def _alive(pid: int) -> bool:
    if os.name == "nt":  # there os.kill would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's
    return True
