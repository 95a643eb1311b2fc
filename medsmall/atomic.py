"""Files that are complete or absent: written under another name, then renamed."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def write_whole(path: Path, write: Callable[[Path], T]) -> T:
    """Fill a file beside `path` and rename it: readers see the complete old or new file.

    Returns what `write` does.
    """
    # keep the suffix: some writers choose their format by it
    temporary = path.with_name(f".{os.getpid()}.{socket.gethostname()}-{path.name}")
    try:
        written = write(temporary)
        with open(temporary, "rb") as file:
            os.fsync(
                file.fileno()
            )  # content reaches the disk before the name, in case the power fails
        os.replace(temporary, path)
        return written
    finally:
        temporary.unlink(missing_ok=True)
