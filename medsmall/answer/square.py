"""Images of any shape as squares of one side, whatever library resizes."""

from typing import Literal, Protocol

import numpy as np

Resize = Literal["squash", "pad", "crop"]
NEARLY = 1.1  # times the size: below it, averaging and interpolation are equally sharp


class Kernels(Protocol):
    """Two ways to another size, of uint8 (H, W) or (H, W, 3)."""

    def area(self, pixels: np.ndarray, height: int, width: int) -> np.ndarray:
        """The mean over the area of each new pixel; neither edge grows."""

    def linear(self, pixels: np.ndarray, height: int, width: int) -> np.ndarray:
        """Bilinear interpolation."""


def square(pixels: np.ndarray, side: int, resize: str, kernels: Kernels) -> np.ndarray:
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
    if resize == "pad":
        found = _padded(pixels, side, kernels)
    else:
        found = resized(pixels, side, side, kernels)
    if found.ndim == 3 and (found == found[..., :1]).all():
        found = np.ascontiguousarray(found[..., 0])
    return found if found.ndim == 3 else found[..., None]


def _padded(pixels: np.ndarray, side: int, kernels: Kernels) -> np.ndarray:
    """The whole image in the middle of a black square."""
    longest = max(pixels.shape[:2])
    height, width = (max(1, round(edge * side / longest)) for edge in pixels.shape[:2])
    top, left = (side - height) // 2, (side - width) // 2
    found = np.zeros((side, side, *pixels.shape[2:]), np.uint8)
    found[top : top + height, left : left + width] = resized(pixels, height, width, kernels)
    return found


def resized(pixels: np.ndarray, height: int, width: int, kernels: Kernels) -> np.ndarray:
    """uint8 (H, W) or (H, W, 3) at another size: averaged if smaller, interpolated if larger.

    If one edge shrinks and the other grows, they are resized separately: averaging alone would
    interpolate both, and the shrinking edge would alias. Averaging goes by repeated halving first,
    which takes a sixth of the time of one step and differs from it by about half a grey level on
    films.
    """
    while (
        pixels.shape[0] >= 2 * height
        and pixels.shape[1] >= 2 * width
        and not any(edge % 2 for edge in pixels.shape[:2])
    ):
        pixels = kernels.area(pixels, pixels.shape[0] // 2, pixels.shape[1] // 2)
    rows, columns = pixels.shape[:2]
    shrinks = max(rows / height, columns / width) > NEARLY
    if shrinks and (rows < height or columns < width):
        pixels = kernels.area(pixels, min(rows, height), min(columns, width))
        shrinks = False
    return (kernels.area if shrinks else kernels.linear)(pixels, height, width)
