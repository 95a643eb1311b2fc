"""People's own tables, read as text: CSV with any usual separator, or Parquet.

Nothing is guessed about a cell: a table read as text keeps `007` and shows what is wrong with a
row. The index of what is read is the number of the row as a spreadsheet shows it.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from medsmall.dataset.own.cells import cells_of, separator_of
from medsmall.dataset.own.encoding import text_of
from medsmall.dataset.remedies import remedy
from medsmall.errors import MedsmallError

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".parquet", ".pq")
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods")


def read(path: Path) -> pd.DataFrame:
    """All cells of a table as str, stripped, "" where blank; the row number (int) is the index.

    CSV is UTF-8, or what `encoding` finds; plain or .gz; separated by comma, semicolon, tab or |.
    Assumptions give a notice. Empty rows, and empty columns without a name, are left out. Raises
    MedsmallError, with the file and the row, for anything else.
    """
    if path.name.lower().endswith(WORKBOOKS):
        raise MedsmallError(
            f"{path.absolute()} is a workbook: save its sheet as CSV (in Excel: CSV UTF-8) and "
            "name that file."
        )
    table = _parquet(path) if path.suffix.lower() in (".parquet", ".pq") else _csv(path)
    named = [
        bool(table.columns[i]) or (table.iloc[:, i] != "").any() for i in range(table.shape[1])
    ]
    table = table.loc[:, named]
    full = np.zeros(len(table), dtype=bool)
    for name in range(table.shape[1]):
        full |= (table.iloc[:, name] != "").to_numpy()
    table = table[full]
    if table.empty:
        raise MedsmallError(f"{path.absolute()} has no rows: fill it in, or name another file.")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise MedsmallError(
            f"{path.absolute()} has more than one column '{twice[0]}': rename one of them."
        )
    return table


def _parquet(path: Path) -> pd.DataFrame:
    try:
        content = pd.read_parquet(path)
    except Exception as error:  # pyarrow has classes of its own
        reason = (str(error).splitlines() or ["empty"])[0].rstrip(".")
        raise MedsmallError(
            f"{path.absolute()} cannot be read as Parquet ({reason}): {remedy(path)}."
        ) from None
    table = pd.DataFrame({str(name): _as_text(content[name]) for name in content.columns})
    return table.set_axis(range(1, 1 + len(table)))


def _as_text(column: pd.Series) -> list[str]:
    known = column.notna()
    whole = pd.api.types.is_float_dtype(column) and (column[known] % 1 == 0).all()
    return [
        (str(int(value)) if whole else _word(value)) if there else ""
        for value, there in zip(column, known, strict=True)
    ]


def _word(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.strip()


def _csv(path: Path) -> pd.DataFrame:
    text = text_of(path)
    declared = re.match(r"sep=([^\r\n]?)\r?(?:\n|$)", text)  # a line that Excel writes for itself
    body = text[declared.end() :] if declared else text
    skipped = 1 if declared else 0
    separator = (declared and declared[1]) or separator_of(body)
    rows = cells_of(path, body, separator, skipped)
    blank = 0
    while blank < len(rows) and not any(cell.strip() for cell in rows[blank]):
        blank += 1  # blank lines above the header
    if blank == len(rows):
        raise MedsmallError(
            f"{path.absolute()} is empty: {remedy(path, 'fill it in, or name another file')}."
        )
    names = [re.sub(r"[\r\n\t]+", " ", name).strip() for name in rows[blank]]
    while names and not names[-1]:
        names.pop()  # a separator at the end of each line
    del rows[: blank + 1]
    first = skipped + blank + 2
    width, index = len(names), pd.RangeIndex(first, first + len(rows))
    for i, row in enumerate(rows):
        if len(row) == width:
            continue
        if any(cell.strip() for cell in row[width:]):
            raise MedsmallError(
                f"{path.absolute()}, row {index[i]}, has {len(row)} cells where the header has "
                f"{width}: quote cells that hold a '{separator}'."
            )
        rows[i] = [*row, *[""] * width][:width]
    columns = [
        pd.Series(cells, index, dtype="str").str.strip() for cells in zip(*rows, strict=True)
    ]
    columns = columns or [pd.Series("", index, dtype="str")] * width
    return pd.concat(columns, axis=1).set_axis(names, axis=1)
