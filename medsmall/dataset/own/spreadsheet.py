"""People's own tables, read as text: CSV with any usual separator, or Parquet.

Nothing is guessed about a cell: a table read as text keeps `007` and shows what is wrong with a
row. The index of what is read is the number of the row as a spreadsheet shows it.
"""

import csv
import gzip
import io
import re
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from medsmall.dataset.remedies import remedy
from medsmall.errors import MedsmallError

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".parquet", ".pq")
SEPARATORS = ",;\t|"
MARKS = {"UTF-32": (b"\xff\xfe\0\0", b"\0\0\xfe\xff"), "UTF-16": (b"\xff\xfe", b"\xfe\xff")}
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods")


def read(path: Path) -> pd.DataFrame:
    """All cells of a table as str, stripped, "" where blank; the row number (int) is the index.

    CSV is UTF-8, with or without a byte order mark, plain or .gz; its separator is the one of
    comma, semicolon, tab and | that divides the header most. Rows without any content are left
    out. Raises MedsmallError, with the file and the row, for anything else.
    """
    if path.name.lower().endswith(WORKBOOKS):
        raise MedsmallError(
            f"{path.absolute()} is a workbook: save its sheet as CSV (in Excel: CSV UTF-8) and "
            "name that file."
        )
    table = _parquet(path) if path.suffix.lower() in (".parquet", ".pq") else _csv(path)
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
    text = _text(path)
    first = text.partition("\n")[0]
    declared = re.match(r"sep=([^\r\n]?)\r?$", first)  # a line that Excel writes for itself
    header = text.split("\n", 2)[1] if declared and "\n" in text else first
    separator = (declared and declared[1]) or max(SEPARATORS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise MedsmallError(
            f"{path.absolute()}, line {reader.line_num}, cannot be read as CSV ({error}): "
            "correct the quotes there."
        ) from None
    skipped = 1 if declared else 0
    while skipped < len(rows) and not any(cell.strip() for cell in rows[skipped]):
        skipped += 1  # blank lines above the header
    if skipped == len(rows):
        raise MedsmallError(
            f"{path.absolute()} is empty: {remedy(path, 'fill it in, or name another file')}."
        )
    names = [re.sub(r"[\r\n\t]+", " ", name).strip() for name in rows[skipped]]
    while names and not names[-1]:
        names.pop()  # a separator at the end of each line
    del rows[: skipped + 1]
    width, index = len(names), pd.RangeIndex(skipped + 2, skipped + 2 + len(rows))
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


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error or "cut off"
        raise MedsmallError(
            f"{path.absolute()} cannot be read ({reason}): {remedy(path)}."
        ) from None
    for encoding, mark in MARKS.items():
        if content.startswith(mark):
            raise MedsmallError(_not_utf8(path, f"it is {encoding}", encoding))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        what = f"byte 0x{content[error.start]:02x} in line {line}"
        raise MedsmallError(_not_utf8(path, what, "WINDOWS-1252")) from None
    if "\0" in text:
        told = remedy(path, "name a CSV or Parquet file")
        raise MedsmallError(f"{path.absolute()} holds no text: {told}.")
    return text


def _not_utf8(path: Path, what: str, encoding: str) -> str:
    save = (
        f"save it as such (in Excel: CSV UTF-8), or, if it is {encoding}, convert it with iconv "
        f"-f {encoding} -t UTF-8"
    )
    return f"{path.absolute()} is not UTF-8 ({what}): {remedy(path, save)}."
