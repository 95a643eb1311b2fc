"""Image files: decode one, and find which of the listed ones are not there."""

import os
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from PIL import Image

from medsmall.errors import MedsmallError

# What Pillow raises on an empty, cut off or foreign file (a broken PNG chunk is a SyntaxError).
_UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error,
    Image.DecompressionBombError,
)  # fmt: skip
_MAX_16_BIT = 65535


def decode(path: Path, grey: bool = False) -> np.ndarray:
    """The pixels of one image file as uint8, (H, W) for a grey file and (H, W, 3) for a colour one.

    Transparency is dropped, a palette is looked up, 16-bit grey is scaled by 1/257 so that 65535
    becomes 255. With `grey`, colour is turned to luma (ITU-R 601), exact where R = G = B.
    Raises MedsmallError, with the full path, where the file is absent or cannot be decoded.
    """
    try:
        with Image.open(path) as image:
            image.load()
    except FileNotFoundError:
        raise MedsmallError(
            f"The image {Path(path).absolute()} is absent: get it, or go on without the absent "
            "ones with dataset.missing_images=drop."
        ) from None
    except _UNREADABLE as error:
        raise MedsmallError(
            f"The image {Path(path).absolute()} cannot be read ({error or 'cut off'}): get it "
            "again, or delete it and go on without it with dataset.missing_images=drop."
        ) from None
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _eight_bits(np.asarray(image), path)
    if image.mode == "F":
        raise MedsmallError(
            f"The image {Path(path).absolute()} holds floating-point pixels, whose range "
            "is not known: save it with 8 or 16 bits."
        )
    if image.mode in ("1", "L", "LA", "La"):
        return np.array(image.convert("L"))
    # By way of RGB: a palette entry marked transparent must not turn black on its way to grey.
    colour = image.convert("RGB")
    return np.array(colour.convert("L") if grey else colour)


def _eight_bits(pixels: np.ndarray, path: Path) -> np.ndarray:
    if pixels.min() < 0 or pixels.max() > _MAX_16_BIT:
        raise MedsmallError(
            f"The image {Path(path).absolute()} has pixels from {pixels.min()} to {pixels.max()}, "
            f"outside 0 to {_MAX_16_BIT}: save it with 8 or 16 bits."
        )
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def absent_files(root: Path, images: pd.Series) -> pd.Series:
    """Which of the `images` (paths relative to `root`) are no files: bool, with their index.

    Lists each folder once: one `stat` per image takes minutes on a network drive.
    """
    parts = [image.rpartition("/") for image in images]
    listed = {folder: names_in(root / folder) for folder in {part[0] for part in parts}}
    return pd.Series(
        [name not in listed[folder] for folder, _, name in parts], index=images.index, dtype=bool
    )


def names_in(folder: Path) -> set[str]:
    """The names in a folder, none where it is not there."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries}
    except (FileNotFoundError, NotADirectoryError):
        return set()


def present_only(
    table: pd.DataFrame,
    absent: pd.Series,
    policy: Literal["error", "drop"],
    name: str,
    root: Path,
) -> pd.DataFrame:
    """The rows of `table` whose image is there, with a RangeIndex.

    Args:
        table: a sample table.
        absent: one bool per row, from `Dataset.absent`.
        policy: "error" raises MedsmallError if any image is absent, "drop" leaves the row out.
            Where all are absent, both raise.
        name: the data set's name, for the message.
        root: where its images should be, for the message.
    """
    if not absent.any():
        return table.reset_index(drop=True)
    count, first = int(absent.sum()), table["image"][absent].iloc[:3]
    found = (
        f"{name}: {count:,} of the {len(table):,} images listed are absent under "
        f"{Path(root).absolute()}, first: {', '.join(first)}"
    )
    if absent.all():
        raise MedsmallError(
            f"{found}; get them, or try everything on generated images with phantom=true."
        )
    if policy == "error":
        raise MedsmallError(
            f"{found}; get them, or go on without them with dataset.missing_images=drop."
        )
    return table[~absent].reset_index(drop=True)
