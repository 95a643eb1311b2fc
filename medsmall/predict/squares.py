"""Squares in memory, in the place of prepared images."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from medsmall.cache.fingerprint import digest


class Squares:
    """What `medsmall.batches.views.Views` needs of `medsmall.cache.Prepared`.

    Args:
        squares: uint8 (S, S, C) each, C 1 or 3.
        channels: of all views: those that the run was shown.
    """

    def __init__(self, squares: Sequence[np.ndarray], channels: int) -> None:
        self.squares, self.channels = squares, channels

    def pixels(self, row: int) -> np.ndarray:
        """Image `row` with all channels."""
        image = self.squares[row]
        if image.shape[2] == self.channels:
            return image
        if self.channels == 3:
            return image.repeat(3, axis=2)
        return image[..., :1]  # colours that differ by less than what is refused

    @cached_property
    def digests(self) -> np.ndarray:
        """uint8 (N, 16), which augmented views are drawn by."""
        each = b"".join(digest(one) for one in self.squares)
        return np.frombuffer(each, np.uint8).reshape(-1, 16)
