"""Tables for people: a spreadsheet must not run a cell as a formula."""

import pandas as pd

from medsmall.answer.inert import inert_cell


def inert(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with a ' before each text and column name that a spreadsheet would run."""
    table = table.rename(columns=inert_cell)
    for place, kind in enumerate(table.dtypes):
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)):
            table.isetitem(place, [inert_cell(cell) for cell in table.iloc[:, place]])
    return table
