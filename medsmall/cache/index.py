"""The index of a cache: the place of each image, in an SQLite file beside the pixels."""

import sqlite3
import zlib
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
    time integer not null,      -- when that was last changed or renamed, see build._stamps
    height integer not null,    -- in px, before it became a square
    width integer not null,
    digest blob not null,
    dhash blob not null,
    crc integer not null        -- CRC-32 of the columns before it
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
    height: int
    width: int
    digest: bytes
    dhash: bytes


COLUMNS = [*Entry.__annotations__, "crc"]


class Index:
    """The entries of a cache; reading creates no file.

    A file without the table, left by a killed process, has no entries. Damage from outside is a
    MedsmallError.
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
            return {row[0]: self._entry(row) for row in rows if row[0] in wanted}

    @staticmethod
    def _looked_up(database: sqlite3.Connection, images: list[str]) -> Iterator[tuple]:
        for start in range(0, len(images), 500):  # SQLite takes 999 parameters at least
            some = images[start : start + 500]
            marks = ",".join("?" * len(some))
            query = f"select * from images where image in ({marks})"
            yield from database.execute(query, some).fetchall()

    def end(self, side: int) -> int:
        """The end of the pixels in the index, for squares of `side` px: 0 without any."""
        with self._connected() as database:
            if database is None:
                return 0
            last = database.execute("select * from images order by offset desc limit 1").fetchone()
            if last is None:
                return 0
            entry = self._entry(last)
            return entry.offset + side**2 * entry.channels

    def add(self, entries: Iterable[Entry]) -> None:
        """Add or replace entries, all of them or none."""
        rows = [tuple(vars(entry).values()) for entry in entries]
        marks = ",".join("?" * len(COLUMNS))
        with (
            self._sentences(),
            closing(sqlite3.connect(self.file, timeout=60)) as database,
            database,
        ):
            database.execute(TABLE)
            database.executemany(
                f"insert or replace into images values ({marks})",
                [(*row, _crc(row)) for row in rows],
            )

    def _entry(self, row: tuple) -> Entry:
        *values, crc = row
        if crc != _crc(values):
            raise self.damaged(f"the entry of {values[0]} was changed")
        return Entry(*values)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection | None]:
        """For reading; None where there is nothing to read."""
        if self.file.is_dir():
            raise self.damaged("it is a folder")
        if not self.file.is_file():
            yield None
            return
        with self._sentences(), closing(sqlite3.connect(self.file, timeout=60)) as database:
            columns = [row[1] for row in database.execute("pragma table_info(images)")]
            if columns and columns != COLUMNS:
                raise self.damaged("it has other columns")
            yield database if columns else None

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """One sentence if SQLite finds the file damaged; errors of locks and full disks pass."""
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if any(word in str(error) for word in ("locked", "full", "disk I/O")):
                raise
            raise self.damaged(str(error)) from error

    def damaged(self, what: str) -> MedsmallError:
        """The error where `what` is wrong with the file."""
        return MedsmallError(
            f"{self.file} is damaged ({what}): delete it, and the images are prepared again."
        )


def _crc(values: Iterable[object]) -> int:
    return zlib.crc32(repr([*values]).encode())
