"""The file with the features of one network."""

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsmall.cache import writable
from medsmall.errors import MedsmallError
from medsmall.lock import held

Features = NDArray[np.float32]
TABLE = """
create table if not exists features (
    view blob primary key,    -- digest of its pixels
    numbers blob not null,    -- float32
    crc integer not null      -- CRC-32 of both
)
"""
PAGE = 16_384  # bytes: the numbers of a view fit into one
MAPPED = 2**36  # bytes of the file that SQLite maps into memory, at most
LOOKED_UP = 500  # views at a time; SQLite takes 999 parameters at least


class FeatureStore:
    """Features by the digest of their view, in an SQLite file that is mapped into memory.

    Views are added all or none, also by a process that is killed. A file that was changed from
    outside is a MedsmallError.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self, views: Sequence[bytes]) -> dict[bytes, Features]:
        """What is known of the `views`, (F,) each."""
        wanted, found = sorted(set(views)), {}
        if not self.file.is_file():
            return {}
        with self._connected() as database:
            for start in range(0, len(wanted), LOOKED_UP):
                some = wanted[start : start + LOOKED_UP]
                marks = ",".join("?" * len(some))
                query = f"select * from features where view in ({marks})"
                for view, numbers, crc in database.execute(query, some):
                    if zlib.crc32(view + numbers) != crc:
                        raise self._damaged("numbers were changed")
                    found[view] = np.frombuffer(numbers, np.float32)
        return found

    def add(self, found: dict[bytes, Features]) -> None:
        """Keep the features of views that are not known yet."""
        blobs = {view: numbers.astype(np.float32).tobytes() for view, numbers in found.items()}
        rows = [(view, blob, zlib.crc32(view + blob)) for view, blob in blobs.items()]
        with self._connected() as database, database:
            database.executemany("insert or ignore into features values (?, ?, ?)", rows)

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Hold this for computing what is unknown, and look again: others may have been faster."""
        writable(self.file.parent)
        with held(self.file.with_suffix(".lock"), f"The features {self.file.stem}"):
            yield

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.file, timeout=60)) as database:
                database.execute(f"pragma page_size = {PAGE}")
                database.execute(f"pragma mmap_size = {MAPPED}")
                database.execute(TABLE)
                yield database
        except sqlite3.Error as error:
            if "full" in str(error):
                raise MedsmallError(
                    f"The disk of {self.file.parent} is full: make room there, or set cache_root "
                    "to a folder elsewhere; features computed so far are kept."
                ) from error
            if any(word in str(error) for word in ("locked", "disk I/O", "readonly")):
                raise
            raise self._damaged(str(error)) from error

    def _damaged(self, what: str) -> MedsmallError:
        return MedsmallError(
            f"{self.file} is damaged ({what}): delete it, and the features are computed again."
        )
