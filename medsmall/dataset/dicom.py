"""DICOM files: the grey levels or colours of a DICOM viewer, as 8 bits.

The grayscale pipeline is that of the standard (PS3.3 C.7.6.3, C.11.1, C.11.2): stored values,
modality LUT or rescale, VOI LUT or window, then the inversion of MONOCHROME1.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.pixels import (
    apply_color_lut,
    apply_modality_lut,
    apply_voi,
    apply_windowing,
    get_decoder,
    pixel_array,
)
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from medsmall.dataset.frames import index_of
from medsmall.dataset.remedies import DROP, remedy
from medsmall.errors import MedsmallError
from medsmall.terminal import say_first

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_BEYOND = 1e15  # farther out than any window


def decode(path: Path, max_pixels: int, grey: bool = False, frame: int | None = None) -> np.ndarray:
    """The pixels of one DICOM file as uint8: (H, W) for monochrome, (H, W, 3) for colour.

    The first VOI LUT, else the first window, spans 0 to 255. Without either, the possible range of
    up to 8 stored bits spans 0 to 255; with more bits, the smallest to the largest value do, except
    padding, since most files use a small part of their 12 or 16 bits. MONOCHROME1 is inverted.
    Palette, YBR and RGB become RGB; with `grey`, their luma. Of several frames, number `frame` is
    read, from 1; None: the middle one, with one notice.

    Raises MedsmallError, with the full path, where the file cannot be read, has no pixels, no such
    frame, more than `max_pixels` pixels in one, or a compression for which no decoder is installed.
    """
    try:
        data = dcmread(path, force=True)
        _refuse_what_is_no_image(data, path, max_pixels)
        _complete(data)
        _refuse_undecodable(data, path)
        pixels = _shown(data, _place_of(frame, data, path))
    except MedsmallError:
        raise
    except Exception as error:  # pydicom and its decoders have dozens of kinds
        raise MedsmallError(
            f"The DICOM file {path.absolute()} cannot be read ({_first_line(error)}): "
            f"{remedy(path, 'get it again, or delete it and go on without it with ' + DROP)}."
        ) from None
    if grey and pixels.ndim == 3:
        return np.array(Image.fromarray(pixels).convert("L"))
    return pixels


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].strip(" .:")


def _refuse_what_is_no_image(data: Dataset, path: Path, max_pixels: int) -> None:
    where = f"The DICOM file {path.absolute()}"
    if not any(keyword in data for keyword in PIXELS):
        kind = UID(str(data.get("SOPClassUID", ""))).name or "no image"
        raise MedsmallError(f"{where} has no pixels ({kind}): remove it from the images.")
    size = int(data.Rows) * int(data.Columns)
    if size > max_pixels:
        raise MedsmallError(
            f"{where} has {data.Columns:,} x {data.Rows:,} pixels, more than the limit of "
            f"{max_pixels:,}: save it smaller or in tiles."
        )


def _place_of(frame: int | None, data: Dataset, path: Path) -> int:
    """Which frame is read, from 0 on."""
    frames = int(data.get("NumberOfFrames") or 1)
    if frame is not None:
        return index_of(frame, frames, path)
    if frames == 1:
        return 0
    middle = frames // 2 + 1
    say_first(
        "frames",
        f"The DICOM file {path.absolute()} has {frames} frames: the middle one ({middle}) is read, "
        "here and in other files; for a table or folder of your own, dataset.frame selects "
        "another.",
    )
    return middle - 1


def _complete(data: Dataset) -> None:
    """The transfer syntax of a file without a header, from its encoding."""
    if "TransferSyntaxUID" not in data.file_meta:
        implicit, _ = data.original_encoding
        data.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        )


def _refuse_undecodable(data: Dataset, path: Path) -> None:
    syntax = data.file_meta.TransferSyntaxUID
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        how, plugins = "cannot be decoded", []
    else:
        if decoder.is_available:
            return
        how, plugins = "needs a decoder that is not installed", decoder.missing_dependencies
    # Of the decoders that pydicom knows, these have permissive licences.
    permissive = {"gdcm": "python-gdcm", "pylibjpeg-openjpeg": "pylibjpeg pylibjpeg-openjpeg"}
    install = [f"pip install {p}" for key, p in permissive.items() if key in " ".join(plugins)]
    remedy = [*install[:1], "save it uncompressed"]
    raise MedsmallError(
        f"The DICOM file {path.absolute()} is compressed with {syntax.name}, which {how}: "
        f"{', or '.join(remedy)}."
    )


def _shown(data: Dataset, place: int) -> np.ndarray:
    stored = pixel_array(data, index=place)  # YBR has become RGB here
    kind = data.PhotometricInterpretation
    if kind == "PALETTE COLOR":
        colours = apply_color_lut(stored, data)[..., :3]
        return _scaled(colours, 0, 255 if colours.dtype == np.uint8 else 65535)
    if stored.ndim == 3:
        return _scaled(stored, 0, 2 ** int(data.BitsStored) - 1)
    values = apply_modality_lut(stored, data)
    pixels = _scaled(*_in_window(values, stored, data))
    return 255 - pixels if kind == "MONOCHROME1" else pixels


def _in_window(
    values: np.ndarray, stored: np.ndarray, data: Dataset
) -> tuple[np.ndarray, float, float]:
    """The values after the VOI LUT or window, and those that become black and white."""
    if data.get("VOILUTSequence"):
        bits = int(data.VOILUTSequence[0].LUTDescriptor[2])
        return apply_voi(values.astype(np.int64), data), 0, 2**bits - 1
    if data.get("WindowWidth") and data.get("WindowCenter") is not None:
        with np.errstate(over="ignore"):  # the sigmoid, far from its centre
            low, high = apply_windowing(np.array([-_BEYOND, _BEYOND]), data)
            return apply_windowing(values, data), low, high
    bits = int(data.get("BitsStored", 32))
    if bits <= 8:
        least = -(2 ** (bits - 1)) if data.PixelRepresentation else 0
        ends = np.array([least, least + 2**bits - 1], dtype=stored.dtype)
        low, high = np.sort(apply_modality_lut(ends, data))
        return values, low, high
    padding = data.get("PixelPaddingValue")
    present = values if padding is None else values[stored != padding]
    present = present if present.size else values
    return values, present.min(), present.max()


def _scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """uint8, with `low` as 0 and `high` as 255; all 0 where they are the same."""
    if values.dtype == np.uint8 and (low, high) == (0, 255):
        return values.copy()
    span = float(high) - float(low)
    if not span:
        return np.zeros(values.shape, np.uint8)
    share = (values.astype(np.float64) - float(low)) / span
    return (np.clip(share, 0, 1) * 255 + 0.5).astype(np.uint8)
