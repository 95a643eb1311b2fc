"""Prepared images: views of the memory-mapped file of a cache."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from medsmall.cache.fingerprint import Window, digest
from medsmall.cache.index import Entry
from medsmall.cache.resize import Resize, centre_square
from medsmall.errors import MedsmallError
from medsmall.terminal import progress_bar

AT_ONCE = 256  # images that a thread checks


class Prepared:
    """Images of one size in one file, read when asked for; workers share its pages.

    Attributes:
        images: names of the N images, in the order asked for.
        side: their edge in px.
        channels: 1 if all are grey, else 3.
        digests: uint8 (N, 16), of the pixels; see `medsmall.cache.fingerprint.digest`.
        hashes: uint64 (N, 4); see `medsmall.cache.fingerprint.difference_hash`.
    """

    def __init__(self, file: Path, side: int, entries: Sequence[Entry], resize: Resize) -> None:
        self.file, self.side, self.resize = file, side, resize
        self.images = [one.image for one in entries]
        self.offsets = np.array([one.offset for one in entries], dtype=np.int64)
        self.own_channels = np.array([one.channels for one in entries], dtype=np.int64)
        self.channels = int(self.own_channels.max(initial=1))
        self.shapes = np.array([(one.height, one.width) for one in entries]).reshape(-1, 2)
        digests, hashes = (b"".join(getattr(e, k) for e in entries) for k in ("digest", "dhash"))
        self.digests = np.frombuffer(digests, np.uint8).reshape(-1, 16)
        self.hashes = np.frombuffer(hashes, np.uint64).reshape(-1, 4)
        self._checked = np.zeros(len(entries), dtype=bool)
        self._bytes: np.memmap | None = None

    def __len__(self) -> int:
        return len(self.images)

    def pixels(self, row: int) -> np.ndarray:
        """Image `row` as uint8 (side, side, channels), read only.

        A view of the file; a copy for a grey image among colour images. Raises MedsmallError if the
        pixels in the file have changed since they were decoded.
        """
        if self._bytes is None:
            self._bytes = np.memmap(self.file, dtype=np.uint8, mode="r")
        channels = int(self.own_channels[row])
        start = int(self.offsets[row])
        flat = self._bytes[start : start + self.side**2 * channels]
        # an ndarray, not a memmap: that class costs microseconds at every later step
        image = np.asarray(flat).reshape(self.side, self.side, channels)
        if not self._checked[row]:
            if digest(image) != self.digests[row].tobytes():
                raise MedsmallError(
                    f"{self.file} is damaged (the pixels of {self.images[row]} were changed): "
                    "delete it, and the images are prepared again."
                )
            self._checked[row] = True
        return image if channels == self.channels else image.repeat(self.channels, axis=2)

    def check(self) -> None:
        """Check all pixels once: MedsmallError now instead of in a later call of `pixels`."""

        def look(start: int) -> None:
            for row in range(start, min(start + AT_ONCE, len(self))):
                self.pixels(row)

        with progress_bar() as bar, ThreadPoolExecutor() as pool:  # hashing lets others compute
            task = bar.add_task("Checking prepared images", total=len(self), note="")
            for _ in pool.map(look, range(0, len(self), AT_ONCE)):
                bar.advance(task, AT_ONCE)

    def centre(self, row: int) -> Window | None:
        """The place of the centre square in image `row`, see `centre_square`."""
        height, width = self.shapes[row].tolist()
        return centre_square(height, width, self.side, self.resize)

    def __getstate__(self) -> dict[str, Any]:
        # another process maps the file itself: the map would travel as a copy of all pixels
        return {**self.__dict__, "_bytes": None}
