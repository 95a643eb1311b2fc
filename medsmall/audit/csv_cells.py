"""Tables for people: a spreadsheet must not run a cell as a formula."""

import re

import pandas as pd

# Beginnings that spreadsheets run as a formula (OWASP, CSV injection); numbers may be negative.
_FORMULA = re.compile(r"[=+@\t\r\n]|-(?!\d+(?:[.,]\d+)?\s*$)")


def inert(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with a ' before each text and column name that a spreadsheet would run."""
    table = table.rename(columns=_inert)
    for place, kind in enumerate(table.dtypes):
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)):
            table.isetitem(place, [_inert(cell) for cell in table.iloc[:, place]])
    return table


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell
