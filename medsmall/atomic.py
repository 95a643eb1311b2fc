"""Files that are whole or not there: written beside their name, then renamed."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def write_whole(path: Path, write: Callable[[Path], T]) -> T:
    """Fill a file beside `path` and rename it: readers see the old file or the new one, whole.

    Returns what `write` does.
    """
    # the suffix is kept: some writers choose their format by it
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        written = write(temporary)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())  # on the disk before its name, also if the power fails
        os.replace(temporary, path)
        return written
    finally:
        temporary.unlink(missing_ok=True)
