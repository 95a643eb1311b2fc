"""Images in class folders: which files are images, and the role of each folder."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from medsmall.dataset.images import DICOM_SUFFIXES, is_dicom
from medsmall.dataset.own import spellings
from medsmall.dataset.own.classes import PARTS, is_plain
from medsmall.errors import MedsmallError
from medsmall.terminal import say_once

IMAGE_SUFFIXES = DICOM_SUFFIXES | {
    ".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm",
    ".tif", ".tiff", ".webp",
}  # fmt: skip
JUNK = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True)
class Found:
    """An image: its path below the root with `/`, its class, its part ("" if not given)."""

    image: str
    kind: str
    part: str


def check_folder_names(classes: Sequence[str]) -> None:
    """MedsmallError if a configured class cannot be a folder name."""
    for name in classes:
        ending = name in ("", ".", "..") or len(name.encode("utf-8", "ignore")) > 255
        if ending or "/" in name or "\\" in name or not is_plain(name):
            raise MedsmallError(
                f"dataset.targets or dataset.positive names the class {name[:80]!r}, which cannot "
                "be a folder name: correct it."
            )


def is_junk(name: str) -> bool:
    """Whether it is a system or hidden file or folder."""
    return name.startswith(".") or name.casefold() in JUNK


def is_image(file: Path) -> bool:
    """Whether it is an image by its suffix; with another or no suffix, by the mark of DICOM."""
    if file.suffix.lower() in IMAGE_SUFFIXES:
        return True
    if file.suffix.lower() in (".csv", ".txt", ".json", ".xml", ".npy", ".npz", ".zip"):
        return False
    try:
        with open(file, "rb") as content:
            return is_dicom(content)
    except OSError:
        return False


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below `folder` except junk, sorted folder by folder."""
    visited = set()  # a link may lead back to a folder above
    for below, folders, names in os.walk(folder, followlinks=True):
        status = os.stat(below)
        if (status.st_dev, status.st_ino) in visited:
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not is_junk(name))
        for name in sorted(names):
            if os.fsencode(name).decode("utf-8", "replace") != name:
                raise MedsmallError(
                    f"{Path(below).absolute()} holds a file whose name is not UTF-8 "
                    f"({os.fsencode(name)!r}): rename it."
                )
            if not is_junk(name):
                yield Path(below, name)


def part_folders(root: Path) -> dict[str, str]:
    """Folder name -> part, if all folders of `root` are named train, val or test; else empty."""
    names = [e.name for e in os.scandir(root) if e.is_dir() and not is_junk(e.name)]
    parts = {name: PARTS[name.casefold()] for name in names if name.casefold() in PARTS}
    if "train" not in parts.values():
        return {}
    others = sorted(set(names) - set(parts))
    if others:
        raise MedsmallError(
            f"{root.absolute()} holds {', '.join(sorted(parts))} beside {', '.join(others)}: "
            "move folders that are not parts of the split elsewhere, or set dataset.root to one."
        )
    if len(set(parts.values())) < len(parts):
        raise MedsmallError(
            f"{root.absolute()} holds one part under two names ({', '.join(sorted(parts))}): "
            "merge these folders."
        )
    return parts


def in_class_folders(root: Path, merge: Mapping[str, str]) -> tuple[list[Found], list[str]]:
    """All images in a class folder, and the paths of all other files."""
    parts = part_folders(root)
    found, others = [], []
    for file in files_below(root):
        path = file.relative_to(root)
        place = path.parts[1:] if parts else path.parts
        if len(place) > 1 and is_image(file):
            part = parts[path.parts[0]] if parts else ""
            found.append(Found(path.as_posix(), merge.get(place[0], place[0]), part))
        else:
            others.append(path.as_posix())
    return found, others


def find_images(root: Path, name: str, merge: Mapping[str, str] | None = None) -> list[Found]:
    """All images, sorted by path; a notice, as `name`, counts other files.

    `merge` gives the class of a folder with another name. Raises MedsmallError if fewer than two
    classes have images, if some names seem to be one class, and if a name contains a line break.
    """
    found, others = in_class_folders(root, merge or {})
    classes = sorted({one.kind for one in found})
    if len(classes) < 2:
        there = f"one class only ({classes[0]})" if classes else "no images in class folders"
        raise MedsmallError(
            f"{root.absolute()} has {there}: a folder of images is sorted as <class>/<image>, "
            "or train/<class>/<image> and test/<class>/<image>."
        )
    spelt = spellings.proposed(pd.Series([one.kind for one in found], dtype="str"))
    if spelt:
        raise MedsmallError(f"{root.absolute()}: {spellings.clash(spelt)}.")
    for image in (one.image for one in found if not is_plain(one.image)):
        raise MedsmallError(
            f"{root.absolute()} holds {image!r}, whose name contains a line break or control "
            "character: rename it."
        )
    if others:
        say_once(
            f"{name}: {len(others):,} files under {root.absolute()} are not images in a class "
            f"folder and are ignored, such as {others[0]}."
        )
    return sorted(found, key=lambda one: one.image)
