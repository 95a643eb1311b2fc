"""The image files of a data set: their place, their reading, and which are absent."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset import Dataset
from medsmall.dataset.arguments import one_of
from medsmall.dataset.depth import Span
from medsmall.dataset.images import decode
from medsmall.dataset.remedies import DROP, TRY, remedy
from medsmall.dataset.unpacked import unpacked
from medsmall.errors import AbsentDataError, MedsmallError
from medsmall.terminal import say_once


class ImageFiles:
    """One file per image, below `root`.

    Args:
        root: the folder that image paths are relative to; `~` is the user's.
        missing_images: what to do about listed images that are missing: "error" or "drop".
        grey: True reads every image as grey, False as RGB, None as the file is.
        holds: files (also with .gz) that identify the release: if `root` lacks them, the only
            folder inside `root` that has them all is used, else the folder above.
        span: the values that become black and white in 16-bit grey; None: 0 and 65535.
        frame: number of the frame, from 1; None: DICOM's middle frame.
    """

    def __init__(
        self,
        root: str | Path,
        missing_images: Literal["error", "drop"],
        grey: bool | None = None,
        holds: Sequence[str] = (),
        span: Span | None = None,
        frame: int | None = None,
    ) -> None:
        self.given, self.holds = Path(os.path.expanduser(root)), holds
        self._root: Path | None = None
        one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing: Literal["error", "drop"] = missing_images
        self.grey = grey
        self.span, self.frame = span, frame
        deep = f" range={span} frame={frame}" if span or frame else ""
        self.reading = f"grey={grey}{deep}"

    @property
    def root(self) -> Path:
        """The folder that image paths are relative to; found at first use."""
        if self._root is None:
            self._root = unpacked(self.given, self.holds)
        return self._root

    def file(self, image: str) -> Path:
        """The file of one image; it may not exist."""
        return self.root / image

    def read(self, image: str) -> np.ndarray:
        """uint8, (H, W) grey or (H, W, 3) RGB; MedsmallError where the file cannot be read."""
        pixels = decode(self.root / image, bool(self.grey), self.span, self.frame)
        return np.dstack([pixels] * 3) if self.grey is False and pixels.ndim == 2 else pixels

    def names_in(self, folder: str) -> set[str]:
        """The names in a folder below `root`, none where it is not there."""
        try:
            with os.scandir(self.root / folder) as entries:
                return {entry.name for entry in entries}
        except (FileNotFoundError, NotADirectoryError):
            return set()


def find(data: Dataset, *names: str) -> Path:
    """The first of the files `names` that lies in the data set's root; MedsmallError if none."""
    for name in names:
        if (data.files.root / name).is_file():
            return data.files.root / name
    raise not_here(data.name, data.files.root, " or ".join(names), data.url)


def not_here(name: str, root: Path, file: str, url: str) -> MedsmallError:
    """The error for the data set `name`, or a needed `file` of it, that is not under its root."""
    root = root.absolute()
    there = f"{root} holds no {file}" if root.is_dir() else f"no folder {root} (for {file})"
    get = f"get it from {url} and put it there or point dataset.root to it; or {TRY}"
    advice = remedy(root, get)
    return AbsentDataError(f"{name} is not here: {there}. {advice[0].upper()}{advice[1:]}.")


def present_only(dataset: Dataset, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of its `table` whose image is there, with a RangeIndex.

    With ``dataset.missing_images`` "error" an absent image raises MedsmallError, with "drop" its
    row is left out; where all are absent, both raise.
    """
    absent = absent_files(dataset, table["image"])
    if not absent.any():
        return table.reset_index(drop=True)
    count, first = int(absent.sum()), table["image"][absent].iloc[:3]
    found = (
        f"{dataset.name}: {count:,} of the {len(table):,} images listed are absent under "
        f"{dataset.files.root.absolute()}{_by_part(table, absent)}, first: {', '.join(first)}"
    )
    if absent.all():
        raise AbsentDataError(f"{found}; {remedy(dataset.files.root, f'get them, or {TRY}')}.")
    if dataset.files.missing == "error":
        get = f"get them, or go on without them with {DROP}"
        raise MedsmallError(f"{found}; {remedy(dataset.files.root, get)}.")
    say_once(f"{found}; they are left out.")
    return table[~absent].reset_index(drop=True)


def _by_part(table: pd.DataFrame, absent: pd.Series) -> str:
    """The number absent in each part of the split, or of the body, if there are several."""
    told = []
    for column in [name for name in ("split", "body_part") if name in table]:
        counts = absent.groupby(table[column], sort=False).agg(["sum", "size"])
        if len(counts) > 1:
            lacking = counts[counts["sum"] > 0].itertuples()
            told.append(", ".join(f"{part} {lack:,} of {n:,}" for part, lack, n in lacking))
    return f" ({'; '.join(told)})" if told else ""


def absent_files(dataset: Dataset, images: pd.Series) -> pd.Series:
    """Which of the `images` of a sample table have no file: bool, with their index.

    Lists each folder once: one `stat` per image takes minutes on a network drive.
    """
    files = dataset.files
    if isinstance(files, ImageFiles):  # a million paths are a minute
        split = [image.rpartition("/") for image in images.tolist()]
        places = [(folder, name) for folder, _, name in split]
        listed = {folder: _files_in(files.root / folder) for folder in {f for f, _ in places}}
    else:
        places = [os.path.split(files.file(image)) for image in images]
        listed = {folder: _files_in(Path(folder)) for folder in {f for f, _ in places}}
    absent = [name not in listed[folder] for folder, name in places]
    return pd.Series(absent, index=images.index, dtype=bool)


def _files_in(folder: Path) -> set[str]:
    """The names of files, and of links that lead to one: kinds are told by the listing itself."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if _is_file(entry)}
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a NUL is in no folder's name
        return set()


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself
        return False
