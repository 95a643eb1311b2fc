"""The record of a run: one directory, whose DONE is written last.

The directories under <output_root>/runs are the ledger. A directory without DONE is what a killed
run left: it counts for nothing and the next try begins by emptying it.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import AcquireReturnProxy, FileLock, Timeout

from medsmall.atomic import write_whole


class Record:
    """The directory <output_root>/runs/<key>."""

    def __init__(self, output_root: str, key: str) -> None:
        self.key = key
        self.folder = Path(output_root).expanduser().absolute() / "runs" / key

    @property
    def done(self) -> bool:
        """Whether the run was finished."""
        return (self.folder / "DONE").is_file()

    @contextmanager
    def writing(self) -> Iterator[bool]:
        """Make the record; gives False if another process has made it in the meantime.

        One process at a time. If the body raises, nothing of the record stays; if it ends, DONE
        is written.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with _held(FileLock(self.folder.with_name(f".{self.key}.lock")), self.key):
            if self.done:
                yield False
                return
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            try:
                yield True
            except BaseException:
                shutil.rmtree(self.folder, ignore_errors=True)
                raise
            self.write_text("DONE", "")

    def write(self, name: str, write: Callable[[Path], Any]) -> None:
        """`write` fills a temporary file, which then takes its `name` in one step."""
        write_whole(self.folder / name, write)

    def write_text(self, name: str, text: str) -> None:
        """Text as UTF-8."""
        self.write(name, lambda path: path.write_text(text, encoding="utf-8"))

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Indented JSON; refuses NaN, which is none."""
        self.write_text(name, json.dumps(content, indent=2, allow_nan=False) + "\n")

    def read_json(self, name: str) -> dict[str, Any]:
        """What `write_json` wrote."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def write_csv(self, name: str, table: pd.DataFrame) -> None:
        """CSV with full precision: floats read back are the floats written."""
        self.write(name, lambda path: table.to_csv(path, index=False))


def _held(lock: FileLock, key: str) -> AcquireReturnProxy:
    """The lock, taken; says so where another process has to end first."""
    try:
        return lock.acquire(timeout=1)
    except Timeout:
        print(f"Another process makes run {key}: waiting for it.", file=sys.stderr)
        return lock.acquire()
