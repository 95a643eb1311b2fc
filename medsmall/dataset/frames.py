"""The frame that is read from a file of several, counted from 1 as in DICOM."""

from pathlib import Path

from medsmall.errors import MedsmallError


def frame_of(given: int | None) -> int | None:
    """The number in dataset.frame; MedsmallError unless it is 1 or more."""
    if given is not None and given < 1:
        raise MedsmallError(f"dataset.frame={given} is not a frame: count from 1.")
    return given


def index_of(frame: int, frames: int, path: Path) -> int:
    """The index, from 0, of frame number `frame`; MedsmallError if the file lacks it."""
    if frame > frames:
        raise MedsmallError(
            f"The image {Path(path).absolute()} has {frames} frames and no frame {frame}: set "
            f"dataset.frame to one of 1 to {frames}."
        )
    return frame - 1
