"""Resizing by numpy, as OpenCV does it: the same grey levels, of a few pixels off by one.

Sources: OpenCV 4, modules/imgproc/src/resize.cpp, by what it computes, not by its code.
"""

import numpy as np
from numpy.typing import NDArray

FINE = 1 << 11  # steps of OpenCV's weights between two pixels
NOTHING = 1e-3  # of a pixel: smaller shares are left out


def area(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mean over the area of each new pixel, of uint8 (H, W) or (H, W, 3)."""
    rows, columns = pixels.shape[:2]
    if rows % height == 0 and columns % width == 0:
        return _blocks(pixels, rows // height, columns // width)
    values = pixels.reshape(rows, columns, -1).astype(np.float32)
    found = _along(values.transpose(1, 0, 2), *_shares(columns, width)).transpose(1, 0, 2)
    found = _along(found, *_shares(rows, height))
    return np.rint(found).astype(np.uint8).reshape(height, width, *pixels.shape[2:])


def _along(
    values: NDArray[np.float32], first: NDArray[np.int64], shares: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Weighted sums along the first axis, in its order, as OpenCV adds."""
    found = np.zeros((len(first), *values.shape[1:]), np.float32)
    for k in range(shares.shape[1]):
        at = np.minimum(first + k, len(values) - 1)
        found += values[at] * shares[:, k, None, None]
    return found


def _blocks(pixels: np.ndarray, high: int, wide: int) -> np.ndarray:
    """Means of whole blocks of pixels."""
    sums = np.zeros((pixels.shape[0] // high, pixels.shape[1] // wide, *pixels.shape[2:]), np.int32)
    for row in range(high):
        for column in range(wide):
            sums += pixels[row::high, column::wide]
    if (high, wide) == (2, 2):
        return ((sums + 2) >> 2).astype(np.uint8)
    return np.rint(sums * np.float32(1 / (high * wide))).astype(np.uint8)


def _shares(old: int, new: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Of each of `new` areas its first of the `old` pixels, and what that and the next ones have.

    (new,) and (new, most pixels of an area).
    """
    scale = old / new
    found = np.zeros((new, int(np.ceil(scale)) + 2), np.float32)
    starts = np.zeros(new, np.int64)
    for k in range(new):
        begin, end = k * scale, min((k + 1) * scale, old)
        first, last = int(np.ceil(begin)), min(int(np.floor(end)), old - 1)
        first = min(first, last)
        cell = min(scale, old - begin)
        starts[k] = max(first - 1, 0)
        inner = slice(first - starts[k], last - starts[k])
        if first - begin > NOTHING:
            found[k, 0] = (first - begin) / cell
        found[k, inner] = 1 / cell
        if end - last > NOTHING:
            found[k, last - starts[k]] = min(end - last, 1.0, cell) / cell
    return starts, found


def linear(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear interpolation of uint8 (H, W) or (H, W, 3), in whole numbers."""
    if pixels.shape[:2] == (height, width):
        return pixels.copy()
    values = pixels.reshape(*pixels.shape[:2], -1).astype(np.int32)
    left, right, weight = _places(pixels.shape[1], width, ends=False)
    across = values[:, left] * (FINE - weight)[:, None] + values[:, right] * weight[:, None]
    above, below, share = _places(pixels.shape[0], height, ends=True)
    upper = ((FINE - share)[:, None, None] * (across[above] >> 4)) >> 16
    lower = (share[:, None, None] * (across[below] >> 4)) >> 16
    found = np.clip((upper + lower + 2) >> 2, 0, 255).astype(np.uint8)
    return found.reshape(height, width, *pixels.shape[2:])


def _places(
    old: int, new: int, ends: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Of each new pixel the old ones before and after it, and the weight of the latter, in FINE.

    Beyond the ends both are the last one there; OpenCV weighs the two only down, not across, which
    rounds differently.
    """
    at = ((np.arange(new) + 0.5) * (old / new) - 0.5).astype(np.float32)
    before = np.floor(at).astype(np.int64)
    share = at - before
    if not ends:
        share[(before < 0) | (before >= old - 1)] = 0
    after = np.clip(before + 1, 0, old - 1)
    return np.clip(before, 0, old - 1), after, np.rint(share * FINE).astype(np.int32)
