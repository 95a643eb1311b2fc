"""SHA-256 of the files of a record, in its DONE; ``sha256sum --check DONE`` reads it."""

import hashlib
import re
from pathlib import Path


def of_folder(folder: Path) -> str:
    """A line "<sha256>  <name>" for each file in `folder` except hidden ones."""
    files = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
    return "".join(f"{of_file(file)}  {file.name}\n" for file in files)


def of_file(file: Path) -> str:
    """64 hexadecimal digits."""
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def read(file: Path) -> dict[str, str]:
    """Name -> SHA-256 as `of_folder` wrote them; none in a record of an older version.

    Raises ValueError where it holds something else.
    """
    lines = file.read_text("utf-8").splitlines()
    if not all(re.fullmatch("[0-9a-f]{64}  .+", line) and line.isprintable() for line in lines):
        raise ValueError("lines of something else")
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
