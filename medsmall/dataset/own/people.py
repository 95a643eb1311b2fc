"""Ages and sexes in somebody's table, in the languages of clinics.

Values that are not clear count as unknown; a notice gives their number.
"""

import re

import numpy as np
import pandas as pd

from medsmall.dataset.own.cell_words import NO, YES
from medsmall.dataset.own.classes import plain_letters
from medsmall.dataset.own.column import Column
from medsmall.dataset.sample_table import MAX_AGE_YEARS, YEARS_PER_UNIT
from medsmall.terminal import say_once

LISTED = 5  # different cells in a sentence
# Words of a unit; one letter alone is DICOM's, after three digits (045Y, 006M), or years.
UNITS = {
    "Y": "y yr yrs year years yo j jahr jahre jahren an ans ano anos a anno anni jaar",
    "M": "mo mos mon month months monat monate monaten mois mes meses mese mesi maand maanden mnd",
    "W": "wk wks week weeks woche wochen semaine semaines semana semanas settimana settimane weken",
    "D": "day days tag tage tagen jour jours dia dias giorno giorni dag dagen",
}
UNIT_OF = {word: unit for unit, words in UNITS.items() for word in words.split()}
WOMEN = {
    "f", "w", "fem", "female", "woman", "frau", "weiblich", "weibl", "femme", "feminin", "feminine",
    "feminino", "femenino", "mujer", "mulher", "femmina", "femminile", "donna", "vrouw",
    "vrouwelijk", "girl", "madchen", "fille", "nina", "menina",
}  # fmt: skip
MEN = {
    "h", "masc", "male", "man", "mann", "mannlich", "mannl", "homme", "masculin", "masculine",
    "masculino", "hombre", "varon", "homem", "maschio", "maschile", "uomo", "mannelijk", "boy",
    "junge", "garcon", "nino", "menino",
}  # fmt: skip


def ages(column: Column) -> pd.Series:
    """Ages in years, float64, NaN if unknown; a notice counts cells without an age in [0, 120]."""
    years = years_of(column)
    _tell(column, years.isna(), f"no age from 0 to {MAX_AGE_YEARS} years")
    return years


def years_of(column: Column) -> pd.Series:
    """The same, without a notice: `58`, `58,5`, `045Y`, `006M`, `45 J.`, `45 ans`, `6 Monate`.

    A number without a unit is in years, or in months, weeks or days if the column's name says so.
    `45M` is unknown: months are written `045M` or in words, and M may mean male.
    """
    words = re.split(r"[\W_]+", plain_letters(column.name))
    default = next((UNIT_OF[word] for word in words if len(word) > 1 and word in UNIT_OF), "Y")
    return column.cells.map({cell: _years(cell, default) for cell in column.cells.unique()}).astype(
        "float64"
    )


def _years(cell: str, default: str) -> float:
    parts = re.fullmatch(r"(\d{1,5}(?:[.,]\d+)?)[\s-]*([a-z]*)\.?", plain_letters(cell.strip()))
    if not parts:
        return np.nan
    number, word = parts.groups()
    if re.fullmatch(r"\d{3}[ymwd]", plain_letters(cell.strip())):
        unit = word.upper()
    else:
        unit = UNIT_OF.get(word, "") if word else default
    years = float(number.replace(",", ".")) * YEARS_PER_UNIT[unit] if unit else np.nan
    return years if years <= MAX_AGE_YEARS else np.nan


def sexes(column: Column) -> pd.Series:
    """ "F", "M" or "" if unknown; a notice counts cells that are neither."""
    found = sexes_of(column)
    _tell(column, found == "", "no clear sex")
    return found


def sexes_of(column: Column) -> pd.Series:
    """The same, without a notice.

    Words and letters of English, German, French, Spanish, Italian, Portuguese and Dutch. What M, V,
    U and D mean depends on the other cells. 0, 1 and 2 are understood only where the column is
    named like one sex, such as `male`, or says what they mean, as `sex (0=M, 1=F)` does.
    """
    words = {cell: plain_letters(cell).strip(" .") for cell in column.cells.unique()}
    meaning = {**_words({*words.values()}, plain_letters(column.name)), **_codes(column.name)}
    sex = {cell: meaning.get(word, "") for cell, word in words.items()}
    return column.cells.map(sex).astype("str")


def _words(there: set[str], name: str) -> dict[str, str]:
    """The meaning of each word in a column called `name` that holds the words `there`."""
    meaning = {**dict.fromkeys(WOMEN, "F"), **dict.fromkeys(MEN, "M")}
    spanish, dutch = "sexo" in name, "geslacht" in name
    if there & {"f", "w"}:
        meaning["m"] = "" if "h" in there else "M"
    elif there & {"h", "hombre", "varon"}:
        meaning["m"] = "F"  # mujer
    elif "v" in there and (spanish or dutch):
        meaning |= {"m": "F", "v": "M"} if spanish else {"m": "M", "v": "F"}  # varón, or vrouw
    elif "v" in there or "mujer" in there or (spanish and not there & WOMEN):
        meaning["m"] = ""  # mujer, or masculino
    else:
        meaning["m"] = "M"
    if there == {"u", "d"} or (there <= {"u", "d"} and "sesso" in name):
        meaning |= {"u": "M", "d": "F"}  # uomo, donna
    return meaning


def _codes(name: str) -> dict[str, str]:
    """The meaning of 0, 1, 2, yes and no by the `name` of their column; empty if it is unclear."""
    name = plain_letters(name)
    named = {*re.split(r"[\W_]+", name)} - {"", "is", "ist", "est", "es", "e", "patient"}
    for sex, words, other in (("M", MEN, "F"), ("F", WOMEN, "M")):
        if named and all(len(word) > 1 and word in words for word in named):
            return {**dict.fromkeys(YES, sex), **dict.fromkeys(NO, other)}
    pairs = re.findall(r"\b(\d)\s*[=:]\s*([a-z]+)", name)
    pairs += [(code, word) for word, code in re.findall(r"\b([a-z]+)\s*[=:]\s*(\d)\b", name)]
    meaning = _words({word for _, word in pairs}, name)
    return {form: meaning.get(word, "") for code, word in pairs for form in (code, f"{code}.0")}


def _tell(column: Column, unknown: pd.Series, what: str) -> None:
    """Say which cells of a column are not blank and yet `unknown`, since they hold `what`."""
    lost = column.cells[column.known.index][unknown[column.known.index]]
    if lost.empty:
        return
    counts = lost.value_counts()
    listed = ", ".join(f"'{cell}' ({count:,})" for cell, count in counts[:LISTED].items())
    more = f" and {len(counts) - LISTED:,} others" if len(counts) > LISTED else ""
    say_once(
        f"{column.path.name}, column '{column.name}': {len(lost):,} of {len(unknown):,} cells hold "
        f"{what} and count as unknown: {listed}{more}."
    )
