"""Image files of any format: decode one to 8 bits."""

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from medsmall.dataset.depth import Span, eight_bits, is_deep
from medsmall.dataset.frames import index_of
from medsmall.dataset.remedies import DROP, remedy
from medsmall.errors import MedsmallError

DICOM_SUFFIXES = {".dcm", ".dicom"}
MAX_PIXELS = 178_956_970  # Pillow's own limit, 0.5 GiB of RGB: more is a whole slide or an attack
_ORIENTATION = 0x0112  # the EXIF tag
_PHOTOMETRIC = 262  # the TIFF tag; 0: white is zero, which Pillow heeds for 8 bits alone
# Pillow's errors on an empty, truncated or foreign file (a broken PNG chunk is a SyntaxError).
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)


def decode(
    path: Path, grey: bool = False, span: Span | None = None, frame: int | None = None
) -> np.ndarray:
    """The pixels of one image file as uint8, (H, W) for a grey file and (H, W, 3) for a colour one.

    The content decides the format, not the name; for DICOM see `dicom.decode`. Transparency is
    dropped, palettes and CMYK become RGB, 16-bit grey is scaled so that `span` (black and white;
    None: 0 and 65535) becomes 0 and 255, and photographs are turned upright (EXIF orientation), as
    in every viewer. With `grey`, colour becomes luma (ITU-R 601), exact where R = G = B. Of several
    frames, number `frame` is read, from 1; without it DICOM's middle frame, with a notice.

    Raises MedsmallError, with the full path, if the file is absent, cannot be decoded, has several
    frames without a `frame` (except DICOM), lacks the given `frame`, has more than `MAX_PIXELS`
    pixels, or has pixels of unknown range.
    """
    try:
        with open(path, "rb") as file:
            if is_dicom(file):
                return _decode_dicom(path, grey, frame)
            with Image.open(file) as image:
                _choose_frame(image, path, frame)
                image.load()
                pixels = _eight_bits(_upright(image), path, grey, span)
                return 255 - pixels if _white_is_zero(image) else pixels
    except FileNotFoundError:
        raise MedsmallError(
            f"The image {Path(path).absolute()} is absent: "
            f"{remedy(path, 'get it, or go on without the absent ones with ' + DROP)}."
        ) from None
    except Image.DecompressionBombError as error:
        raise MedsmallError(_too_large(path, str(error))) from None
    except _UNREADABLE as error:
        if Path(path).suffix.lower() in DICOM_SUFFIXES and Path(path).stat().st_size:
            return _decode_dicom(path, grey, frame)  # written without the preamble that marks DICOM
        reason = _reason(error)
    raise MedsmallError(
        f"The image {Path(path).absolute()} cannot be read ({reason}): "
        f"{remedy(path, 'get it again, or delete it and go on without it with ' + DROP)}."
    )


def _white_is_zero(image: Image.Image) -> bool:
    """Whether Pillow gave deep pixels that are to be inverted."""
    tags = getattr(image, "tag_v2", {}) if image.format == "TIFF" else {}
    return is_deep(image.mode) and tags.get(_PHOTOMETRIC) == 0


def is_dicom(file: BinaryIO) -> bool:
    """Whether a file, open at its start, has the mark of DICOM; it is left at its start."""
    head = file.read(132)
    file.seek(0)
    return head[128:] == b"DICM"


def _decode_dicom(path: Path, grey: bool, frame: int | None) -> np.ndarray:
    from medsmall.dataset import dicom  # pydicom takes a moment to import

    return dicom.decode(Path(path), MAX_PIXELS, grey, frame)


def _choose_frame(image: Image.Image, path: Path, frame: int | None) -> None:
    """Refuse several frames; the second picture in a phone's MPO is a preview or a depth map."""
    frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    if frames == 1:
        return
    if frame is None:
        raise MedsmallError(
            f"The image {Path(path).absolute()} has {frames} frames, and it is unknown which one "
            "the label is for: save that frame as an image of its own, or, for a table or folder "
            "of your own, set its number in dataset.frame."
        )
    image.seek(index_of(frame, frames, path))


def _too_large(path: Path, reason: str) -> str:
    pixels = next((int(word) for word in reason.replace("(", " ").split() if word.isdigit()), 0)
    return (
        f"The image {Path(path).absolute()} has {pixels:,} pixels, more than the limit of "
        f"{MAX_PIXELS:,}: save it smaller (a network sees image_size_px of it) or in tiles."
    )


def _reason(error: BaseException) -> str:
    """The fault, without the path, which the sentence has already."""
    if isinstance(error, Image.UnidentifiedImageError):
        return "it is not an image of a known format"
    return getattr(error, "strerror", None) or str(error) or "it is truncated"


def _upright(image: Image.Image) -> Image.Image:
    if image.getexif().get(_ORIENTATION, 1) != 1:
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _eight_bits(image: Image.Image, path: Path, grey: bool, span: Span | None) -> np.ndarray:
    """Every mode of Pillow's as uint8; the common ones are copied as they are."""
    if image.mode == "L" or (image.mode == "RGB" and not grey):
        return np.array(image)
    if is_deep(image.mode):
        return eight_bits(np.asarray(image), path, span)
    if image.mode in ("1", "LA", "La"):
        return np.array(image.convert("L"))
    # Through RGB: a palette entry marked transparent must not turn black in grey.
    colour = image if image.mode == "RGB" else image.convert("RGB")
    return np.array(colour.convert("L") if grey else colour)
