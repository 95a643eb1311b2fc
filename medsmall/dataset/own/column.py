"""One column of a user's table: the kind of its cells, and the sentence for a wrong one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset.own import cell_words, spellings
from medsmall.dataset.own.cell_words import DASHES, NO, UNCERTAIN, UNKNOWN, YES
from medsmall.errors import MedsmallError
from medsmall.terminal import say_once

LARGEST = 1e15  # its square, and the sum of a million such, are finite in 32 bits

Kind = Literal["blank", "yes or no", "numbers", "text", "mixed"]


@dataclass(frozen=True)
class Column:
    """Cells as text (Series of str, "" if blank, indexed by row) with the `path` of their file.

    Unknown are blank cells, the words of `cell_words.UNKNOWN` in any case, and a dash if all other
    cells are numbers.
    """

    path: Path
    cells: pd.Series

    @property
    def name(self) -> str:
        """The name in the header."""
        return str(self.cells.name)

    @cached_property
    def known(self) -> pd.Series:
        """The known cells, in lower case."""
        lower = self.cells.str.lower()
        known = lower[~lower.isin(UNKNOWN)]
        dashes = known.isin(DASHES)
        if dashes.any() and cell_words.parsed(known[~dashes]).notna().all():
            return known[~dashes]
        return known

    @cached_property
    def parsed(self) -> pd.Series:
        """The known cells as float64, NaN for those that are not a number."""
        return cell_words.parsed(self.known)

    @cached_property
    def kind(self) -> Kind:
        """The kind of the known cells.

        "yes or no": 0, 1, words such as true, no or ja, J and N, + and - (and -1 beside);
        "numbers"; "text";
        "mixed" if at least half of the cells are of one of the former kinds and the rest are not.
        """
        different = self.known.drop_duplicates()
        values = set(different.tolist())
        if not values:
            return "blank"
        yes, no = cell_words.yes_and_no(values)
        if values & (yes | no) and values <= yes | no | UNCERTAIN:
            return "yes or no"
        numbers = set(different[cell_words.parsed(different).notna()].tolist())
        if numbers == values:
            return "numbers"
        return "mixed" if self.known.isin(numbers | YES | NO).mean() >= 0.5 else "text"

    def refused(self, row: object, what: str) -> MedsmallError:
        """The error for the cell in one `row`."""
        return MedsmallError(f"{self.path.absolute()}, row {row}, column '{self.name}': {what}.")

    def odd_cell(self) -> MedsmallError:
        """The error for the first cell of a "mixed" column that differs from the majority."""
        odd = self.parsed.index[self.parsed.isna() & ~self.known.isin(YES | NO)][0]
        cell = self.cells[odd]
        hint = _comma_hint(cell) if "," in cell else "correct it, or leave it blank"
        return self.refused(
            odd, f"'{cell}' is not a number; {hint}, or set dataset.task if it is a class"
        )

    def yes_no(self) -> pd.Series:
        """1.0, 0.0, or NaN for unknown; MedsmallError for any other cell, -1 among them."""
        known = self.known
        yes, no = cell_words.yes_and_no({*known.unique()})
        answers = known.isin(yes).astype("float64").where(known.isin(yes | no))
        for row in answers.index[answers.isna()][:1]:
            if known[row] in UNCERTAIN:
                raise self.refused(
                    row, "-1 (uncertain?) is neither 0 nor 1; replace it, or leave the cell blank "
                    "for unknown"
                )  # fmt: skip
            raise self.refused(
                row, f"'{self.cells[row]}' is neither 0 nor 1 (nor yes, no, true, false or blank); "
                "correct it, or name the column in dataset.label if it holds names of classes"
            )  # fmt: skip
        return answers.reindex(self.cells.index)

    def numbers(self) -> pd.Series:
        """float64, NaN for unknown; MedsmallError for a cell that is not a number up to LARGEST."""
        values = self.parsed
        for row in values.index[~np.isfinite(values)][:1]:
            cell = self.cells[row]
            hint = _comma_hint(cell) if "," in cell else "write a finite number, or blank"
            raise self.refused(row, f"'{cell}' is not a number; {hint}")
        if cell_words.points_may_be_thousands(self.known):
            row = self.known.index[self.known.str.contains(".", regex=False)][0]
            cell = self.cells[row]
            raise self.refused(
                row, f"'{cell}' may be {cell.replace('.', '')} with a point between thousands, as "
                "other cells are whole numbers of three digits: write it without the point, or, if "
                f"the point is decimal, as {cell}0"
            )  # fmt: skip
        for row in values.index[values.abs() > LARGEST][:1]:
            raise self.refused(
                row, f"'{self.cells[row]}' is too large (beyond {LARGEST:g}); correct it, or write "
                "the column in a larger unit"
            )  # fmt: skip
        self._tell_commas()
        return values.reindex(self.cells.index)

    def classes(self, merge: Mapping[str, str] | None = None) -> pd.Series:
        """The class name of each row, "" if unknown; whole numbers lose their decimals.

        Spellings in `merge` become their class. A notice lists the words that count as unknown.
        MedsmallError lists all names that still differ only by case or blanks.
        """
        names = self.spelt(merge)
        for row in names.index[names.isin(spellings.proposed(names))][:1]:
            raise self.refused(row, spellings.clash(spellings.proposed(names)))
        words = self.cells[(self.cells != "") & (names == "")].value_counts()
        if len(words):
            told = ", ".join(f"'{word}' ({count:,})" for word, count in words.items())
            say_once(f"{self.path.name}, column '{self.name}': {told} count as unknown.")
        return names

    def spelt(self, merge: Mapping[str, str] | None = None) -> pd.Series:
        """The same, without a check of the spelling."""
        names = self.cells.where(self.known.reindex(self.cells.index).notna(), "")
        if self.kind in ("numbers", "yes or no"):
            self._tell_commas()
            names = names.str.replace(r"[.,]0+$", "", regex=True)
        return spellings.merged(names.astype("str"), merge)

    def _tell_commas(self) -> None:
        commas = self.known[self.known.str.contains(",", regex=False)]
        if len(commas):
            cell = commas.iloc[0]
            say_once(
                f"{self.path.name}, column '{self.name}': commas are read as decimal commas, "
                f"'{cell}' as {cell.replace(',', '.')}."
            )


def _comma_hint(cell: str) -> str:
    if cell_words.may_be_thousands(cell):
        return f"write it without the comma, or as {cell.replace(',', '.')} if the comma is decimal"
    return "write a decimal point"
