"""Prepared images: views of the memory-mapped file of a cache."""

from pathlib import Path
from typing import Any

import numpy as np

Rows = list[tuple[str, int, int, bytes, bytes]]


class Prepared:
    """Images of one size in one file, read when asked for; workers share its pages.

    Attributes:
        images: names of the N images, in the order asked for.
        side: their edge in px.
        channels: 1 if all are grey, else 3.
        digests: uint8 (N, 16), of the pixels; see `medsmall.cache.fingerprint.digest`.
        hashes: uint64 (N, 4); see `medsmall.cache.fingerprint.difference_hash`.
    """

    def __init__(self, file: Path, side: int, rows: Rows) -> None:
        self.file, self.side = file, side
        self.images = [row[0] for row in rows]
        self.offsets = np.array([row[1] for row in rows], dtype=np.int64)
        self.own_channels = np.array([row[2] for row in rows], dtype=np.int64)
        self.channels = int(self.own_channels.max(initial=1))
        self.digests = np.frombuffer(b"".join(row[3] for row in rows), np.uint8).reshape(-1, 16)
        self.hashes = np.frombuffer(b"".join(row[4] for row in rows), np.uint64).reshape(-1, 4)
        self._bytes: np.memmap | None = None

    def __len__(self) -> int:
        return len(self.images)

    def pixels(self, row: int) -> np.ndarray:
        """Image `row` as uint8 (side, side, channels), not to be written to.

        A view of the file, except for a grey image among coloured ones, which is a copy.
        """
        if self._bytes is None:
            self._bytes = np.memmap(self.file, dtype=np.uint8, mode="r")
        channels = int(self.own_channels[row])
        start = int(self.offsets[row])
        flat = self._bytes[start : start + self.side**2 * channels]
        # an ndarray, not a memmap: that class costs microseconds at every later step
        image = np.asarray(flat).reshape(self.side, self.side, channels)
        return image if channels == self.channels else image.repeat(self.channels, axis=2)

    def __getstate__(self) -> dict[str, Any]:
        # another process maps the file itself: the map would travel as a copy of all pixels
        return {**self.__dict__, "_bytes": None}
