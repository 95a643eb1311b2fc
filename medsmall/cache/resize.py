"""Images of any shape as squares of one side, by OpenCV."""

import cv2
import numpy as np

from medsmall.answer import square as shapes
from medsmall.answer.square import Resize
from medsmall.cache.fingerprint import Window

__all__ = ["Resize", "centre_square", "resized", "square"]


class _OpenCV:
    """See `medsmall.answer.square.Kernels`."""

    @staticmethod
    def area(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
        return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)

    @staticmethod
    def linear(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
        return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)


def square(pixels: np.ndarray, side: int, resize: str) -> np.ndarray:
    """See `medsmall.answer.square.square`."""
    return shapes.square(pixels, side, resize, _OpenCV)


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """See `medsmall.answer.square.resized`."""
    return shapes.resized(pixels, height, width, _OpenCV)


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
