"""Pixels of more than 8 bits: the values that become black and white."""

from pathlib import Path

import numpy as np

from medsmall.errors import MedsmallError
from medsmall.terminal import say_first

Span = tuple[float, float]
MAX_16_BIT = 65535
DEPTHS = (8, 10, 12, 14)  # bits of detectors that write 16-bit files


def is_deep(mode: str) -> bool:
    """Whether a `mode` of Pillow's is grey with more than 8 bits."""
    return mode in ("I", "F") or mode.startswith("I;16")


def eight_bits(pixels: np.ndarray, path: Path, span: Span | None = None) -> np.ndarray:
    """Grey `pixels` (H, W) of any type as uint8, with the ends of `span` as 0 and 255.

    Values outside are clipped, with one notice. None: 0 to 65535, scaled by 1/257. MedsmallError
    for values beyond 16 bits or floating-point values without a span, and for NaN and infinity.
    """
    where = f"The image {Path(path).absolute()}"
    if span is None:
        if pixels.dtype.kind == "f":
            raise MedsmallError(
                f"{where} has floating-point pixels of unknown range: save it with 8 or 16 bits, "
                "or, for a table or folder of your own, set dataset.range=[black,white]."
            )
        if pixels.min() < 0 or pixels.max() > MAX_16_BIT:
            raise MedsmallError(
                f"{where} has pixels from {pixels.min()} to {pixels.max()}, outside 0 to "
                f"{MAX_16_BIT}: save it with 8 or 16 bits, or, for a table or folder of your own, "
                "set dataset.range=[black,white]."
            )
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if not np.isfinite(pixels).all():
        raise MedsmallError(f"{where} has NaN or infinite pixels: save it again.")
    low, high = span
    if pixels.min() < low or pixels.max() > high:
        say_first(
            "range",
            f"{where} has values from {pixels.min():g} to {pixels.max():g}: values outside "
            f"dataset.range=[{low:g},{high:g}] are clipped, here and in other images.",
        )
    share = (pixels.astype(np.float64) - low) / (high - low)
    return (np.clip(share, 0, 1) * 255 + 0.5).astype(np.uint8)


def span_of(given: list[float] | None) -> Span | None:
    """The two ends of dataset.range; MedsmallError where they are not two rising numbers."""
    if given is None:
        return None
    if len(given) != 2 or not given[0] < given[1]:
        raise MedsmallError(
            f"dataset.range={list(given)} is not a range: give the values of black and white, "
            "such as [0,4095]."
        )
    return float(given[0]), float(given[1])


def common_span(least: float, most: float) -> Span | None:
    """The range for images of more than 8 bits whose values lie in [`least`, `most`].

    The range of a usual detector depth if one fits, else the values; None if 16 bits are used.
    """
    if least < 0 or most > MAX_16_BIT:
        return least, most
    if most <= 1:
        return 0, 1
    return next(((0, 2**bits - 1) for bits in DEPTHS if most < 2**bits), None)
