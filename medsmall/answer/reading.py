"""Files of images as the squares that a network is shown; what is no such image is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from medsmall.answer.facts import Reading
from medsmall.dataset.images import DICOM_SUFFIXES, decode, is_dicom
from medsmall.dataset.remedies import DROP
from medsmall.errors import MedsmallError

WITHOUT_PYDICOM = "is DICOM, which pydicom reads, and that is not here: pip install pydicom."
WITHOUT = "delete it and go on without it with "
ABSENT = "go on without the absent ones with "
Square = Callable[[np.ndarray, int, str], np.ndarray]  # as medsmall.cache.resize.square
# The share of pixels whose channels differ by more than HUE levels: 0 of 1,721 films saved as
# colour JPEG, at least .32 of 533 dermoscopies.
HUE, COLOURED = 24, 0.02
# what DICOM calls the images of a modality; others, such as SC (secondary capture), may be any
DICOM_MODALITIES = {
    "chest x-ray": {"CR", "DX", "RG", "RF", "XA"}, "bone x-ray": {"CR", "DX", "RG", "RF", "XA"},
    "mammography": {"MG"}, "brain mri": {"MR"}, "ct": {"CT"}, "ultrasound": {"US", "IVUS"},
    "oct": {"OPT"}, "retina": {"OP"}, "skin": {"XC", "DMS"}, "histology": {"SM", "GM"},
}  # fmt: skip
TOLD = set().union(*DICOM_MODALITIES.values()) | {"PT", "NM", "ECG"}


def square_of(image: Path | np.ndarray, reading: Reading, square: Square) -> np.ndarray:
    """The image of a file, or uint8 (H, W) or (H, W, 3), as uint8 (S, S, C).

    MedsmallError for a file that cannot be read, and an image of another kind than the training's.
    """
    if isinstance(image, np.ndarray):
        pixels, name = _checked(image), "An image"
    else:
        if image.exists() and not image.is_file():
            raise MedsmallError(f"{image} is no file.")
        _refuse_other_modality(image, reading)
        pixels, name = _decoded(image, reading), str(image)
    refuse_other_kind(pixels, reading, name)
    if reading.grey and pixels.ndim == 3:
        pixels = np.array(Image.fromarray(pixels).convert("L"))
    if reading.grey is False and pixels.ndim == 2:
        pixels = np.dstack([pixels] * 3)
    return square(pixels, reading.side, reading.resize)


def _decoded(path: Path, reading: Reading) -> np.ndarray:
    try:
        return decode(path, False, reading.span, reading.frame)
    except ImportError:
        raise MedsmallError(f"{path} {WITHOUT_PYDICOM}") from None
    except MedsmallError as error:  # a data set could go on without it
        told = str(error)
        for remedy in (f", or {WITHOUT}{DROP}", f", or {ABSENT}{DROP}"):
            told = told.replace(remedy, "")
        raise MedsmallError(told) from None


def _checked(image: np.ndarray) -> np.ndarray:
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    known = image.ndim in (2, 3) and image.shape[2:] in ((), (3,))
    if not (known and image.size and image.dtype == np.uint8):
        raise MedsmallError(
            f"An image of {image.dtype} {image.shape} cannot be answered: give uint8 (H, W) or "
            "(H, W, 3), grey levels from 0 to 255, or the path of a file."
        )
    return image


def refuse_other_kind(pixels: np.ndarray, reading: Reading, name: str) -> None:
    """MedsmallError for a single grey level, and for colours where only films were learnt."""
    if pixels.min() == pixels.max():
        raise MedsmallError(f"{name} shows nothing: each pixel is {pixels.flat[0]}.")
    coloured = has_colours(pixels)
    if reading.channels == 1 and coloured:
        raise MedsmallError(
            f"{name} is a colour image, but the model learnt from grey images"
            f"{_of(reading)}: it cannot answer."
        )
    if reading.channels == 3 and not coloured:
        raise MedsmallError(
            f"{name} is a grey image, but the model learnt from colour images"
            f"{_of(reading)}: it cannot answer."
        )


def _of(reading: Reading) -> str:
    return "" if reading.modality == "other" else f" ({reading.modality})"


def has_colours(pixels: np.ndarray) -> bool:
    """Whether an image (H, W) or (H, W, 3) is more than a grey one that was saved as colours."""
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return False
    few = pixels[:: max(1, len(pixels) // 256), :: max(1, pixels.shape[1] // 256)]
    apart = few.max(axis=2).astype(np.int16) - few.min(axis=2)
    return bool((apart > HUE).mean() > COLOURED)


def _refuse_other_modality(path: Path, reading: Reading) -> None:
    """MedsmallError for a DICOM file that says it is of another modality."""
    expected = DICOM_MODALITIES.get(reading.modality)
    if expected is None or not _may_be_dicom(path):
        return
    try:
        import pydicom  # seconds to import
    except ImportError:
        raise MedsmallError(f"{path} {WITHOUT_PYDICOM}") from None
    try:
        told = str(pydicom.dcmread(path, specific_tags=["Modality"], force=True).get("Modality"))
    except Exception:  # decode has the sentence
        return
    if told in TOLD - expected:
        raise MedsmallError(
            f"{path} is of the modality {told}, but the model learnt from {reading.modality} "
            "images: it cannot answer."
        )


def _may_be_dicom(path: Path) -> bool:
    if path.suffix.lower() in DICOM_SUFFIXES:
        return path.is_file()
    try:
        with open(path, "rb") as file:
            return is_dicom(file)
    except OSError:
        return False
