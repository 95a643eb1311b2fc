"""One column of somebody's table: what its cells are, and the sentence where one is wrong."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset.own.classes import folded
from medsmall.errors import MedsmallError

UNKNOWN = {"", "nan", "na", "n/a", "null", "?"}
YES, NO = {"1", "1.0", "true", "yes"}, {"0", "0.0", "false", "no"}
LARGEST = 1e15  # its square, and the sum of a million such, are finite in 32 bits
UNCERTAIN = {"-1", "-1.0"}

Kind = Literal["blank", "yes or no", "numbers", "text", "mixed"]


@dataclass(frozen=True)
class Column:
    """Cells as text (Series of str, "" where blank, indexed by row) with the `path` they are from.

    Unknown are blank cells and nan, na, n/a, null and ?, whatever their case.
    """

    path: Path
    cells: pd.Series

    @property
    def name(self) -> str:
        """The name in the header."""
        return str(self.cells.name)

    @cached_property
    def known(self) -> pd.Series:
        """The cells that say something, in lower case."""
        lower = self.cells.str.lower()
        return lower[~lower.isin(UNKNOWN)]

    @cached_property
    def parsed(self) -> pd.Series:
        """The known cells as float64, NaN for those that are no number."""
        return _parsed(self.known)

    @cached_property
    def kind(self) -> Kind:
        """What the known cells are.

        "yes or no": 0, 1, true, false, yes, no (and -1 beside those two); "numbers"; "text";
        "mixed" where at least half of the cells are one of the former and the others are not.
        """
        different = self.known.drop_duplicates()
        values = set(different.tolist())
        if not values:
            return "blank"
        if values & (YES | NO) and values <= YES | NO | UNCERTAIN:
            return "yes or no"
        numbers = set(different[_parsed(different).notna()].tolist())
        if numbers == values:
            return "numbers"
        return "mixed" if self.known.isin(numbers | YES | NO).mean() >= 0.5 else "text"

    def refused(self, row: object, what: str) -> MedsmallError:
        """The error for the cell in one `row`."""
        return MedsmallError(f"{self.path.absolute()}, row {row}, column '{self.name}': {what}.")

    def odd_cell(self) -> MedsmallError:
        """The error for the first cell of a "mixed" column that is unlike the others."""
        known = self.known
        odd = known.index[_parsed(known).isna() & ~known.isin(YES | NO)][0]
        cell = self.cells[odd]
        hint = "write a decimal point" if "," in cell else "correct it, or leave it blank"
        return self.refused(
            odd, f"'{cell}' stands among numbers; {hint}, or set dataset.task if it is a class"
        )

    def yes_no(self) -> pd.Series:
        """1.0, 0.0, or NaN for unknown; MedsmallError for any other cell, -1 among them."""
        known = self.known
        answers = known.isin(YES).astype("float64").where(known.isin(YES | NO))
        for row in answers.index[answers.isna()][:1]:
            if known[row] in UNCERTAIN:
                raise self.refused(
                    row, "-1 (uncertain?) is neither 0 nor 1; decide what it counts as, or leave "
                    "the cell blank for unknown"
                )  # fmt: skip
            raise self.refused(
                row, f"'{self.cells[row]}' is neither 0 nor 1 (nor yes, no, true, false or blank); "
                "correct it, or name the column in dataset.label if it holds names of classes"
            )  # fmt: skip
        return answers.reindex(self.cells.index)

    def numbers(self) -> pd.Series:
        """float64, NaN for unknown; MedsmallError for a cell that is no number up to LARGEST."""
        values = self.parsed
        for row in values.index[~np.isfinite(values)][:1]:
            hint = "a decimal point" if "," in self.cells[row] else "a finite number"
            raise self.refused(row, f"'{self.cells[row]}' is no number; write {hint}, or blank")
        for row in values.index[values.abs() > LARGEST][:1]:
            raise self.refused(
                row, f"'{self.cells[row]}' is too large to be learnt (beyond {LARGEST:g}); correct "
                "it, or write the column in a larger unit"
            )  # fmt: skip
        return values.reindex(self.cells.index)

    def classes(self) -> pd.Series:
        """The name of each row's class, "" where unknown; whole numbers lose their decimals.

        MedsmallError where two names differ by their case or blanks alone.
        """
        names = self.known.reindex(self.cells.index)
        names = self.cells.where(names.notna(), "")
        if self.kind in ("numbers", "yes or no"):
            names = names.str.replace(r"\.0+$", "", regex=True)
        first: dict[str, str] = {}
        for row, name in names.drop_duplicates().items():
            like = first.setdefault(folded(name), name)
            if like != name:
                raise self.refused(row, f"'{name}' and '{like}' are one class; write one of them")
        return names.astype("str")


def _parsed(cells: pd.Series) -> pd.Series:
    return pd.to_numeric(cells, errors="coerce").astype("float64")
