"""Images of any shape as squares of one side."""

from typing import Literal

import cv2
import numpy as np

from medsmall.cache.fingerprint import Window

Resize = Literal["squash", "pad", "crop"]
NEARLY = 1.1  # times the size: below it, averaging and interpolation are equally sharp


def square(pixels: np.ndarray, side: int, resize: Resize) -> np.ndarray:
    """uint8 (H, W) or (H, W, 3) as (side, side, C).

    "squash" changes the aspect ratio, as in Romero et al. "pad" keeps it and fills the rest with
    black; "crop" takes the centre square. C is 1 if all three channels are equal: grey images stay
    one channel until the network.
    """
    height, width = pixels.shape[:2]
    if resize == "crop":
        edge = min(height, width)
        top, left = (height - edge) // 2, (width - edge) // 2
        pixels = pixels[top : top + edge, left : left + edge]
    found = _padded(pixels, side) if resize == "pad" else resized(pixels, side, side)
    if found.ndim == 3 and (found == found[..., :1]).all():
        found = np.ascontiguousarray(found[..., 0])
    return found if found.ndim == 3 else found[..., None]


def _padded(pixels: np.ndarray, side: int) -> np.ndarray:
    """The whole image in the middle of a black square."""
    longest = max(pixels.shape[:2])
    height, width = (max(1, round(edge * side / longest)) for edge in pixels.shape[:2])
    top, left = (side - height) // 2, (side - width) // 2
    found = np.zeros((side, side, *pixels.shape[2:]), np.uint8)
    found[top : top + height, left : left + width] = resized(pixels, height, width)
    return found


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 (H, W) or (H, W, 3) at another size: averaged if smaller, interpolated if larger.

    If one edge shrinks and the other grows, they are resized separately: OpenCV's INTER_AREA would
    interpolate both, and the shrinking edge would alias. Averaging goes by repeated halving first,
    which takes a sixth of the time of one step and differs from it by about half a grey level on
    films.
    """
    while (
        pixels.shape[0] >= 2 * height
        and pixels.shape[1] >= 2 * width
        and not any(edge % 2 for edge in pixels.shape[:2])
    ):
        pixels = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    rows, columns = pixels.shape[:2]
    shrinks = max(rows / height, columns / width) > NEARLY
    if shrinks and (rows < height or columns < width):
        less = min(columns, width), min(rows, height)
        pixels = cv2.resize(pixels, less, interpolation=cv2.INTER_AREA)
        shrinks = False
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(pixels, (width, height), interpolation=how)


def centre_square(height: int, width: int, side: int, resize: Resize) -> Window | None:
    """Where the centre square of an image (height, width) lies in its `square`, in px.

    Top, bottom, left, right; None where it is all of it.
    """
    if resize == "crop" or height == width:
        return None
    share = min(height, width) / max(height, width)
    inner = (side * (1 - share) / 2, side * (1 + share) / 2)
    whole = (0.0, float(side))
    if resize == "pad":
        return (*inner, *inner)
    return (*whole, *inner) if width > height else (*inner, *whole)
