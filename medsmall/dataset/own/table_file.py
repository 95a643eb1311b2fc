"""The file of a user's table, read when its first column is needed."""

import os
from functools import cached_property
from pathlib import Path

import pandas as pd

from medsmall.dataset.own import spreadsheet
from medsmall.dataset.own.column import Column
from medsmall.dataset.own.listed import is_below
from medsmall.dataset.remedies import TRY, remedy
from medsmall.errors import AbsentDataError, MedsmallError, did_you_mean
from medsmall.terminal import say_once

LARGE_MB = 10  # larger files take several seconds and give a notice


class TableFile:
    """The table `file` of the data called `name`: below `root`, or with a full path.

    If a path leads out of `root`, a file of that name in `root` has precedence, so that a phantom
    is read from there.
    """

    def __init__(self, name: str, root: Path, file: str) -> None:
        self.name, self.root, self.file = name, root, Path(file)
        self._columns: dict[str, Column] = {}
        if self.file.name in ("", ".."):
            raise MedsmallError(f"dataset.file='{file}' is not a file name: name the table.")

    @property
    def path(self) -> Path:
        """The place of the file, existing or not."""
        given = self.root / os.path.expanduser(self.file)
        if is_below(os.path.expanduser(self.file)) and os.path.isfile(given):
            return given
        beside = self.root / self.file.name
        return beside if os.path.isfile(beside) else given

    @cached_property
    def cells(self) -> pd.DataFrame:
        """All cells as text, by the number of the row; MedsmallError without a file."""
        if not os.path.isfile(self.path):
            where = f"{self.path.absolute()} (dataset.file, below dataset.root)"
            raise AbsentDataError(
                f"{self.name} is not here: there is no {where}; "
                f"{remedy(self.path, 'correct them, or ' + TRY)}."
            )
        size = self.path.stat().st_size / 1e6
        if size > LARGE_MB:
            say_once(f"{self.name}: reading {self.path.absolute()} ({size:,.0f} MB).")
        return spreadsheet.read(self.path)

    def column(self, name: str) -> Column:
        """The column of that name; MedsmallError if there is none."""
        if name in self._columns:
            return self._columns[name]
        if name not in self.cells.columns:
            raise MedsmallError(
                f"{self.path.absolute()} has no column '{name}'"
                f"{did_you_mean(name, self.cells.columns)}."
            )
        self._columns[name] = Column(self.path, self.cells[name])
        return self._columns[name]

    def text(self, name: str | None) -> pd.Series:
        """The cells of the column of that name, all blank for None."""
        if name is None:
            return pd.Series("", index=self.cells.index, dtype="str")
        return self.column(name).cells
