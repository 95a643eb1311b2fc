"""Checks a sample of the user's images: whether they are grey, and which values they use."""

import re
from pathlib import Path

import numpy as np
from PIL import Image

from medsmall.dataset.depth import common_span, is_deep
from medsmall.dataset.guess.inferred import Inferred
from medsmall.errors import MedsmallError

LOOKED_AT = 12  # images opened to find whether they are grey, or have more than 8 bits
DEEP_LOOKED_AT = 500  # images of more than 8 bits whose values are read


def find_range(found: Inferred) -> None:
    """One range of values for all images of more than 8 bits, if they use a part of 16 bits."""
    if not any(_values(found, image) for image in _some(found, LOOKED_AT)):
        return
    ends = [ends for image in _some(found, DEEP_LOOKED_AT) if (ends := _values(found, image))]
    least, most = min(low for low, _ in ends), max(high for _, high in ends)
    span = common_span(least, most)
    if span is not None:
        reason = f"values from {least:g} to {most:g} in {len(ends):,} images of more than 8 bits"
        found.set("range", span, f"{reason}; without it they would be too dark")


def find_grey(found: Inferred) -> None:
    """Read some images: grey images saved in colour are read as grey; warn once of each fault."""
    pixels: list[np.ndarray] = []
    faults: dict[str, list[str]] = {}  # the sentences that differ by the image and numbers alone
    for image in _some(found, LOOKED_AT):
        try:
            pixels.append(found.data.files.read(image))
        except MedsmallError as error:
            kind = re.sub(r"\d+", "", str(error).replace(image, ""))
            faults.setdefault(kind, []).append(str(error))
    for first, *more in faults.values():
        also = f" ({len(more):,} more of the images looked at are like it)" if more else ""
        found.warnings.append(f"{first.removesuffix('.')}{also}.")
    colour = [image for image in pixels if image.ndim == 3]
    if colour and all((image == image[..., :1]).all() for image in colour):
        found.set("grey", True, "the sampled images are grey, some saved in colour")


def _some(found: Inferred, count: int) -> list[str]:
    """Images spread over the existing ones."""
    there = found.rows["image"]
    places = np.unique(np.linspace(0, len(there) - 1, count).astype(int))
    return [there.iloc[i] for i in places]


def _values(found: Inferred, image: str) -> tuple[float, float] | None:
    """The smallest and the largest value of an image of more than 8 bits; None for others."""
    try:
        with Image.open(Path(found.data.files.file(image))) as opened:
            if not is_deep(opened.mode):
                return None
            pixels = np.asarray(opened)
    except Exception:  # no image that Pillow reads, DICOM among them: `find_grey` says what it is
        return None
    finite = pixels[np.isfinite(pixels)]
    return (float(finite.min()), float(finite.max())) if finite.size else None
