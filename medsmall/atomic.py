"""Files that are whole or not there: written beside their name, then renamed."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Fill a file beside `path` and rename it: readers see the old file or the new one, whole."""
    # the suffix is kept: some writers choose their format by it
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        write(temporary)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())  # on the disk before its name, also if the power fails
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
