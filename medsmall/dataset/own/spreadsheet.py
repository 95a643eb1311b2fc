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

import pandas as pd

from medsmall.errors import MedsmallError

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".parquet", ".pq")
SEPARATORS = ",;\t|"
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
    table = table[(table != "").any(axis=1)]
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
            f"{path.absolute()} cannot be read as Parquet ({reason}): get it again."
        ) from None
    table = pd.DataFrame({str(name): _as_text(content[name]) for name in content.columns})
    return table.set_axis(range(1, 1 + len(table)))


def _as_text(column: pd.Series) -> list[str]:
    known = column.notna()
    whole = pd.api.types.is_float_dtype(column) and (column[known] % 1 == 0).all()
    return [
        (str(int(value)) if whole else str(value).strip()) if there else ""
        for value, there in zip(column, known, strict=True)
    ]


def _csv(path: Path) -> pd.DataFrame:
    text = _text(path)
    first = text.partition("\n")[0]
    declared = re.match(r"sep=(.)\r?$", first)  # a line that Excel writes for itself
    header = text.split("\n", 2)[1] if declared and "\n" in text else first
    separator = declared[1] if declared else max(SEPARATORS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise MedsmallError(
            f"{path.absolute()}, line {reader.line_num}, cannot be read as CSV ({error}): "
            "correct the quotes there."
        ) from None
    skipped = 1 if declared else 0
    if len(rows) <= skipped:
        raise MedsmallError(f"{path.absolute()} is empty: fill it in, or name another file.")
    names = [name.strip() for name in rows[skipped]]
    while names and not names[-1]:
        names.pop()  # a separator at the end of each line
    numbered = list(enumerate(rows, start=1))[skipped + 1 :]
    for number, row in numbered:
        if any(cell.strip() for cell in row[len(names) :]):
            raise MedsmallError(
                f"{path.absolute()}, row {number}, has {len(row)} cells where the header has "
                f"{len(names)}: quote cells that hold a '{separator}'."
            )
    cells = [[*(cell.strip() for cell in row), *[""] * len(names)][: len(names)] for _, row in
             numbered]  # fmt: skip
    return pd.DataFrame(cells, columns=names, index=[n for n, _ in numbered], dtype="str")


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if path.suffix.lower() == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error or "cut off"
        raise MedsmallError(f"{path.absolute()} cannot be read ({reason}): get it again.") from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MedsmallError(_not_utf8(path, "it is UTF-16", "UTF-16"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        what = f"byte 0x{content[error.start]:02x} in line {line}"
        raise MedsmallError(_not_utf8(path, what, "WINDOWS-1252")) from None
    if "\0" in text:
        raise MedsmallError(f"{path.absolute()} holds no text: name a CSV or Parquet file.")
    return text


def _not_utf8(path: Path, what: str, encoding: str) -> str:
    return (
        f"{path.absolute()} is not UTF-8 ({what}): save it as such (in Excel: CSV UTF-8), or, if "
        f"it is {encoding}, convert it with iconv -f {encoding} -t UTF-8."
    )
