"""The index of a cache: which image lies where, in an SQLite file beside the pixels."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from medsmall.errors import MedsmallError

TABLE = """
create table if not exists images (
    image text primary key,     -- path relative to the root of the data set
    offset integer not null,    -- of its first byte in the file of pixels
    channels integer not null,  -- 1 or 3
    size integer not null,      -- bytes of the file it was read from
    time integer not null,      -- when that was last changed, in ns
    digest blob not null,
    dhash blob not null
) without rowid
"""
AT_ONCE = 10_000


@dataclass(frozen=True)
class Entry:
    """One image of the cache, as the columns of TABLE tell."""

    image: str
    offset: int
    channels: int
    size: int
    time: int
    digest: bytes
    dhash: bytes


class Index:
    """The entries of a cache; reading makes no file.

    A file without the table, of a process that was killed while it made it, has no entries.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def entries(self, images: Iterable[str]) -> dict[str, Entry]:
        """Those of `images` that the cache has, by name."""
        wanted = set(images)
        with self._connected() as database:
            if database is None:
                return {}
            if len(wanted) > AT_ONCE:  # one pass is faster than many look-ups
                rows: Iterable[tuple] = database.execute("select * from images")
            else:
                rows = self._looked_up(database, sorted(wanted))
            return {row[0]: Entry(*row) for row in rows if row[0] in wanted}

    @staticmethod
    def _looked_up(database: sqlite3.Connection, images: list[str]) -> Iterator[tuple]:
        for start in range(0, len(images), 500):  # SQLite takes 999 parameters at least
            some = images[start : start + 500]
            marks = ",".join("?" * len(some))
            yield from database.execute(f"select * from images where image in ({marks})", some)

    def end(self, side: int) -> int:
        """Where the pixels end that the index knows of, of squares of `side` px: 0 if of none."""
        with self._connected() as database:
            if database is None:
                return 0
            query = "select max(offset), channels from images"  # the channels of that very row
            offset, channels = database.execute(query).fetchone()
        return 0 if offset is None else offset + side**2 * channels

    def add(self, entries: Iterable[Entry]) -> None:
        """Add or replace entries, all of them or none."""
        with closing(sqlite3.connect(self.file, timeout=60)) as database, database:
            database.execute(TABLE)
            database.executemany(
                "insert or replace into images values (?, ?, ?, ?, ?, ?, ?)",
                [tuple(vars(entry).values()) for entry in entries],
            )

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection | None]:
        """For reading; None where there is nothing to read."""
        if not self.file.is_file():
            yield None
            return
        with closing(sqlite3.connect(self.file, timeout=60)) as database:
            try:
                made = database.execute("select 1 from sqlite_master where name = 'images'")
                yield database if made.fetchone() else None
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                raise MedsmallError(
                    f"{self.file} is damaged ({error}): delete it, and the images are prepared "
                    "anew."
                ) from error
