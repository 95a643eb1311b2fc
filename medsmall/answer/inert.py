"""A spreadsheet must not run a cell as a formula."""

import re

# Beginnings that spreadsheets run as a formula (OWASP, CSV injection); numbers may be negative.
_FORMULA = re.compile(r"[=+@\t\r\n]|-(?!\d+(?:[.,]\d+)?\s*$)")


def inert_cell(cell: object) -> object:
    """The cell, with a ' before a text that a spreadsheet would run."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell
