"""Which of the frames in one file is read; they are counted from 1 on, as DICOM does."""

from pathlib import Path

from medsmall.errors import MedsmallError


def frame_of(given: int | None) -> int | None:
    """The number that dataset.frame gives; MedsmallError where frames are not counted so."""
    if given is not None and given < 1:
        raise MedsmallError(f"dataset.frame={given} is not a frame: count from 1.")
    return given


def index_of(frame: int, frames: int, path: Path) -> int:
    """The place, from 0 on, of number `frame`; MedsmallError where the file lacks it."""
    if frame > frames:
        raise MedsmallError(
            f"The image {Path(path).absolute()} has {frames} frames and no frame {frame}: set "
            f"dataset.frame to one of 1 to {frames}."
        )
    return frame - 1
