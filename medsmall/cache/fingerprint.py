"""Fingerprints of an image: a digest of its exact pixels, and a hash of its appearance."""

import hashlib

import cv2
import numpy as np

DIGEST_BYTES = 16
ROWS, COLUMNS = 16, 17  # 16 x 16 comparisons of neighbours: 256 bits
WORDS = ROWS * (COLUMNS - 1) // 64
LUMA = np.array([299.0, 587.0, 114.0])  # ITU-R BT.601, times 1000
MARGIN = 0.5  # grey levels: noise in flat areas (borders, air) must not flip bits
_INT32_PIXELS = (2**31 - 1) // 255


def digest(pixels: np.ndarray) -> bytes:
    """Half of the SHA-256 of shape and values of a uint8 image (H, W) or (H, W, C): 16 bytes.

    Equal for equal pixels only; a grey image has one digest with and without its channel axis.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    state = hashlib.sha256(str(pixels.shape).encode())
    state.update(np.ascontiguousarray(pixels).data)
    return state.digest()[:DIGEST_BYTES]


Window = tuple[float, float, float, float]  # a part of an image: top, bottom, left, right in px


def difference_hash(pixels: np.ndarray, window: Window | None = None) -> np.ndarray:
    """The 256-bit difference hash of a uint8 image (H, W), (H, W, 1) or (H, W, 3): uint64 (4,).

    Bit 16 r + c tells whether, of 16 x 17 grey means over equal areas, the one at (r, c + 1) is
    brighter than that at (r, c) by more than MARGIN: the "dHash" of N. Krawetz (Kind of Like That,
    2013) on a finer grid. Few bits change when the image is saved again, rescaled or made
    brighter. Only exact sums and element-wise arithmetic: the same bits on every machine. Only the
    `window` counts, if one is given.
    """
    means = area_means(pixels, ROWS, COLUMNS, window)
    brighter = np.diff(means, axis=1) > MARGIN
    return np.packbits(brighter, bitorder="little").view("<u8").astype(np.uint64)


def area_means(
    pixels: np.ndarray, rows: int, columns: int, window: Window | None = None
) -> np.ndarray:
    """Grey means (0 to 255) of a uint8 image over `rows` x `columns` equal areas: float64.

    Areas may end within a pixel, which then counts by its share. Colour is weighted by LUMA. They
    fill the `window`; without one, the image.
    """
    whole = pixels.shape[0] * pixels.shape[1]
    top, bottom, left, right = window or (0, pixels.shape[0], 0, pixels.shape[1])
    height, width = bottom - top, right - left
    depth = cv2.CV_32S if whole <= _INT32_PIXELS else cv2.CV_64F  # exact either way
    sums = cv2.integral(pixels, sdepth=depth)
    sums = _at(sums, top + np.arange(rows + 1) * height / rows, 0)
    sums = _at(sums, left + np.arange(columns + 1) * width / columns, 1)
    if sums.ndim == 3:
        red, green, blue = np.moveaxis(sums, 2, 0)
        sums = (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue) / LUMA.sum()
    inside = sums[1:, 1:] - sums[:-1, 1:] - sums[1:, :-1] + sums[:-1, :-1]
    return inside / (height * width / (rows * columns))


def _at(sums: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
    """Cumulative sums at places between the entries of an axis (linear within a pixel)."""
    before = np.minimum(places.astype(np.intp), sums.shape[axis] - 2)
    share = (places - before).reshape((-1, *[1] * (sums.ndim - 1 - axis)))
    low, high = sums.take(before, axis), sums.take(before + 1, axis)
    return low + share * (high - low)
