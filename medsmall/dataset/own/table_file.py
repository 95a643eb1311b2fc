"""The file of somebody's table, read when its first column is asked for."""

from functools import cached_property
from pathlib import Path

import pandas as pd

from medsmall.dataset.own import spreadsheet
from medsmall.dataset.own.column import Column
from medsmall.errors import MedsmallError, did_you_mean


class TableFile:
    """The table `file` of the data called `name`: below `root`, or with a full path.

    Of a full path, a file of that name in `root` goes first, so that a phantom is read from there.
    """

    def __init__(self, name: str, root: Path, file: str) -> None:
        self.name, self.root, self.file = name, root, Path(file)

    @property
    def path(self) -> Path:
        """Where the file is, or should be."""
        beside = self.root / self.file.name
        return beside if beside.is_file() else self.root / self.file.expanduser()

    @cached_property
    def cells(self) -> pd.DataFrame:
        """All cells as text, by the number of the row; MedsmallError where there is no file."""
        if not self.path.is_file():
            where = f"{self.path.absolute()} (dataset.file, below dataset.root)"
            raise MedsmallError(
                f"{self.name} is not here: there is no {where}; correct them, or try everything "
                "on generated images with phantom=true."
            )
        return spreadsheet.read(self.path)

    def column(self, name: str) -> Column:
        """The column of that name; MedsmallError where there is none."""
        if name not in self.cells.columns:
            raise MedsmallError(
                f"{self.path.absolute()} has no column '{name}'"
                f"{did_you_mean(name, self.cells.columns)}."
            )
        return Column(self.path, self.cells[name])

    def text(self, name: str | None) -> pd.Series:
        """The cells of the column of that name, all blank where it is None."""
        if name is None:
            return pd.Series("", index=self.cells.index, dtype="str")
        return self.column(name).cells
