"""The cells of a CSV text: their separator, and unclosed quotes."""

import csv
import io
import re
from itertools import islice
from pathlib import Path

from medsmall.errors import MedsmallError
from medsmall.terminal import say_once

SEPARATORS = ",;\t|"
LOOKED_AT, FIRST = 50, 1_000_000  # rows and characters that test a separator


def separator_of(text: str) -> str:
    """The separator that gives most of the first rows as many cells as the header.

    In a tie, the one that divides the header most: in `name;finding (a,b,c)`, the semicolon.
    """

    def fits(separator: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(text[:FIRST], newline=""), delimiter=separator)
        try:
            rows = [row for row in islice(reader, LOOKED_AT) if any(map(str.strip, row))]
        except csv.Error:  # an open quote takes in more than a cell may hold
            rows = [line.split(separator) for line in text[:FIRST].split("\n")[:LOOKED_AT]]
        width = len(rows[0]) if rows else 0
        return (sum(len(row) == width for row in rows), width) if width > 1 else (0, 0)

    return max(SEPARATORS, key=fits)


def cells_of(path: Path, text: str, separator: str, skipped: int) -> list[list[str]]:
    """The rows of a CSV `text` that begins after `skipped` lines of the file at `path`.

    An unclosed quote is ignored, with a notice, if each line is then a row with as many cells as
    the header; else MedsmallError.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        rows, odd = _line_by_line(text, separator)
        widths = {len(row) for row in rows if row}
        if len(widths) == 1 and odd:
            more = f" and {len(odd) - 1:,} more" if len(odd) > 1 else ""
            say_once(
                f"{path.name}: line {odd[0] + skipped}{more} has an unclosed quote, which is "
                "ignored."
            )
            return rows
        raise MedsmallError(
            f"{path.absolute()}, line {reader.line_num + skipped}, cannot be read as CSV "
            f"({error}): correct the quotes there."
        ) from None


def _line_by_line(text: str, separator: str) -> tuple[list[list[str]], list[int]]:
    """Each line as a row, and the numbers of lines with an unclosed quote."""
    rows, odd = [], []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        try:
            rows.append(next(csv.reader([line], delimiter=separator, strict=True), []))
        except csv.Error:
            if '"' not in line:  # a cell that is too long
                return [], []
            odd.append(number)
            rows.append([cell.strip().strip('"') for cell in line.split(separator)])
    return rows, odd
