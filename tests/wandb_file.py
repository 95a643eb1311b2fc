"""Reads what W&B keeps of an offline run: messages in the log format of LevelDB.

Blocks of 32 KiB after a header of 7 bytes; in them, pieces of messages behind 7 bytes each: a
checksum (4), a length (2) and whether the message begins or ends there (1 all of it, 2 its first
piece, 3 a middle one, 4 its last).
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCK, HEADER = 32 * 1024, 7


@dataclass
class Offline:
    """A run as W&B would get it; `whole` is every message as text."""

    run: Any = None
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    exit_code: int | None = None
    whole: str = ""


def read_offline(folder: Path) -> Offline:
    """That of a folder offline-run-..., once W&B's own process has written the end of it."""
    for _ in range(100):
        found = _read(folder)
        if found.exit_code is not None:
            break
        time.sleep(0.1)
    return found


def _read(folder: Path) -> Offline:
    from wandb.proto.wandb_internal_pb2 import Record

    found = Offline()
    (file,) = folder.glob("*.wandb")
    for message in _messages(file.read_bytes()):
        record = Record.FromString(message)
        found.whole += str(record)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            found.run = record.run
            found.config |= _values(record.run.config.update)
        elif kind == "config":
            found.config |= _values(record.config.update)
        elif kind == "summary":
            found.summary |= _values(record.summary.update)
        elif kind == "history":
            found.history.append(_values(record.history.item))
        elif kind == "files":
            found.files |= {one.path for one in record.files.files}
        elif kind == "exit":
            found.exit_code = record.exit.exit_code
    return found


def _values(items: Any) -> dict[str, Any]:
    return {"/".join([i.key] if i.key else i.nested_key): json.loads(i.value_json) for i in items}


def _messages(content: bytes) -> list[bytes]:
    found, place, begun = [], HEADER, b""
    while place + HEADER <= len(content):
        if BLOCK - place % BLOCK < HEADER:  # too little left in the block for another piece
            place += BLOCK - place % BLOCK
            continue
        length = int.from_bytes(content[place + 4 : place + 6], "little")
        kind = content[place + 6]
        piece = content[place + HEADER : place + HEADER + length]
        place += HEADER + length
        begun = piece if kind in (1, 2) else begun + piece
        if kind in (1, 4):
            found.append(begun)
    return found
