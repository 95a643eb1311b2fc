"""The image files that words of a command line name: files, folders, patterns."""

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from medsmall.errors import MedsmallError
from medsmall.terminal import say

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".dcm", ".dicom"}


def images_of(words: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Every image once, in the order named; those of a folder and its folders sorted by name.

    A folder gives the files with a suffix of images and those without any, as DICOM files often
    are. MedsmallError for a word that names nothing.
    """
    found: dict[Path, None] = {}
    for word in words:
        path = Path(word).expanduser()
        if path.is_dir():
            inside = _below(path)
            if not inside:
                raise MedsmallError(
                    f"{path} holds no image ({', '.join(sorted(SUFFIXES))}): name another folder."
                )
        elif path.exists():
            inside = [path]
        else:
            inside = [Path(one) for one in sorted(glob.glob(str(path), recursive=True))]
            inside = [one for one in inside if one.is_file()]
            if not inside and path.suffix.lower() in SUFFIXES and not glob.has_magic(str(path)):
                inside = [path]  # refused by name when it is read
            if not inside:
                raise MedsmallError(f"There is no image {path}: name files, folders or patterns.")
        found |= dict.fromkeys(inside)
    return list(found)


def _below(folder: Path) -> list[Path]:
    files: list[Path] = []
    others: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=_told):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if name.startswith(".") or not _is_file(path):
                continue
            (files if _may_be_image(path) else others).append(path)
    if others:
        say(f"{folder}: {len(others):,} other files are left out, such as {others[0].name}.")
    return files


def _may_be_image(path: Path) -> bool:
    """By its suffix; DICOM files often have none, or the last number of a UID."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES or suffix[1:].isdigit():
        return True
    return not suffix and path.name not in ("DICOMDIR", "LICENSE", "README")


def _is_file(path: Path) -> bool:
    """Whether it is a file, or a link, which is refused by name if it leads nowhere; no pipe."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def _told(error: OSError) -> None:
    say(f"{error.filename} cannot be read ({error.strerror}): what is inside is left out.")
