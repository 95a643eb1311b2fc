"""The meaning of cells in people's tables: unknown, yes, no, or a number with decimal comma."""

import re

import pandas as pd

# No class has such a name. "-" is not listed: it may be the opposite of "+".
UNKNOWN = {
    "", ".", "?", "nan", "na", "n/a", "#n/a", "#nv", "<na>", "null", "n.a.", "n. a.",
    "not available", "unknown", "k.a.", "k. a.", "k.a", "keine angabe", "unbekannt", "n.b.",
    "n. b.", "nicht befundet", "nicht beurteilbar", "not assessed", "not evaluable", "inconnu",
    "inconnue", "desconocido", "desconocida", "desconhecido", "desconhecida", "sconosciuto",
    "sconosciuta", "onbekend",
}  # fmt: skip
DASHES = {"-", "--", "–", "—"}  # unknown if the other cells are numbers
YES = {
    "1", "1.0", "1,0", "true", "yes", "ja", "wahr", "oui", "vrai", "sí", "verdadero", "sì", "vero",
    "sim", "verdadeiro", "waar",
}  # fmt: skip
NO = {
    "0", "0.0", "0,0", "false", "no", "nein", "falsch", "non", "faux", "falso", "não", "nee",
    "onwaar",
}  # fmt: skip
UNCERTAIN = {"-1", "-1.0", "-1,0"}
SIGNS = (("j", "n"), ("y", "n"), ("+", "-"), ("+", "–"))  # yes and no, where both occur

_DECIMAL = r"[+-]?\d+,\d+(?:e[+-]?\d+)?"
_THOUSANDS = r"[+-]?[1-9]\d{0,2}(?:,\d{3})+"
_POINTS = r"[+-]?[1-9]\d{0,2}\.\d{3}"


def yes_and_no(words: set[str]) -> tuple[set[str], set[str]]:
    """The words for yes and for no in a column that holds `words` (lower case).

    Letters and signs count where both are there and all else is yes or no: a `y` may be a class.
    """
    for yes, no in SIGNS:
        if {yes, no} <= words <= YES | NO | UNCERTAIN | {yes, no}:
            return YES | {yes}, NO | {no}
    return YES, NO


def parsed(cells: pd.Series) -> pd.Series:
    """Cells in lower case as float64, NaN for those that are not a number.

    Commas are decimal only if every cell with a comma is then a number, no cell has a point, and at
    least one comma cannot separate thousands: 12,5 and 0,125 are clear, 1,250 alone is not.
    """
    commas = cells.str.contains(",", regex=False)
    if commas.any() and has_decimal_commas(cells):
        cells = cells.str.replace(",", ".", regex=False)
    return pd.to_numeric(cells, errors="coerce").astype("float64")


def has_decimal_commas(cells: pd.Series) -> bool:
    """Whether commas in cells (lower case) are clearly decimal commas."""
    different = cells.drop_duplicates()
    commas = different[different.str.contains(",", regex=False)]
    points = pd.to_numeric(different[different.str.contains(".", regex=False)], errors="coerce")
    return bool(
        len(commas)
        and commas.str.fullmatch(_DECIMAL).all()
        and not commas.str.fullmatch(_THOUSANDS).all()
        and points.isna().all()
    )


def points_may_be_thousands(cells: pd.Series) -> bool:
    """Whether points in cells of numbers may separate thousands, as in German: 3.662 beside 921.

    Every cell with a point has three digits after it, and others are whole numbers from 100 on: a
    measurement is written with its decimals throughout.
    """
    different = cells.drop_duplicates()
    points = different.str.contains(".", regex=False)
    whole = different[~points & different.str.fullmatch(r"[1-9]\d{2}")]
    return bool(points.any() and len(whole) and different[points].str.fullmatch(_POINTS).all())


def may_be_thousands(cell: str) -> bool:
    """Whether the commas in a cell may separate thousands."""
    return re.fullmatch(_THOUSANDS, cell) is not None
