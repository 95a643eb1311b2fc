"""A file of byte strings by digest: the features of one network, or what is known of views."""

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from medsmall.cache import writable
from medsmall.errors import MedsmallError
from medsmall.lock import held

TABLE = """
create table if not exists kept (
    key blob primary key,    -- a digest
    content blob not null,
    crc integer not null     -- CRC-32 of both
)
"""
PAGE = 16_384  # bytes: the features of a view fit into one
MAPPED = 2**36  # bytes of the file that SQLite maps into memory, at most
LOOKED_UP = 500  # keys at a time; SQLite takes 999 parameters at least


class Store:
    """Byte strings by their digest, in an SQLite file that is mapped into memory.

    They are added all or none, also by a process that is killed. A file that was changed from
    outside is a MedsmallError.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """What is known of the `keys`."""
        wanted, found = sorted(set(keys)), {}
        if not self.file.is_file():
            return {}
        with self._connected() as database:
            for start in range(0, len(wanted), LOOKED_UP):
                some = wanted[start : start + LOOKED_UP]
                marks = ",".join("?" * len(some))
                query = f"select * from kept where key in ({marks})"
                for key, content, crc in database.execute(query, some):
                    if zlib.crc32(key + content) != crc:
                        raise self._damaged("content was changed")
                    found[key] = content
        return found

    def add(self, found: dict[bytes, bytes]) -> None:
        """Keep what is not known yet."""
        rows = [(key, content, zlib.crc32(key + content)) for key, content in found.items()]
        with self._connected() as database, database:
            database.executemany("insert or ignore into kept values (?, ?, ?)", rows)

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
            if any(word in str(error) for word in ("readonly", "unable to open")):
                raise MedsmallError(
                    f"{self.file} cannot be opened for writing ({error}): set cache_root to a "
                    "folder of your own, or change the rights of this one."
                ) from error
            if any(word in str(error) for word in ("locked", "disk I/O")):
                raise
            raise self._damaged(str(error)) from error

    def _damaged(self, what: str) -> MedsmallError:
        return MedsmallError(
            f"{self.file} is damaged ({what}): delete it, and its content is computed again."
        )
