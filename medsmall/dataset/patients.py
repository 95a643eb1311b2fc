"""Patient names in tables: one spelling each, and names that may still be one patient."""

import re
import unicodedata
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from medsmall.dataset import Dataset

EXAMPLES = 3
# the soft hyphen, and characters of no width
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))


def one_spelling(patients: pd.Series) -> pd.Series:
    """The patients (str) without differences that never distinguish two patients.

    These are blanks around a name and repeated ones in it, characters of no width, the encoding of
    accents (Unicode NFC), and the decimals that a spreadsheet gives to whole numbers: `1.0` and
    `1,0` become `1` if `1` occurs, too.
    """
    names = pd.Series(patients.unique())
    plain = {name: _plain(name) for name in names.dropna()}
    there = set(plain.values())
    for name, written in plain.items():
        whole = re.fullmatch(r"(\d+)[.,]0+", written) if written.endswith("0") else None
        if whole and whole[1] in there:
            plain[name] = whole[1]
    changed = any(name != written for name, written in plain.items())
    return patients.map(plain) if changed else patients


def alike(patients: pd.Series) -> str:
    """A sentence about names that may be one patient, "" if there are none.

    They differ by case, by zeros before a number (which spreadsheets drop), by commas between its
    thousands, or by the separators and other signs around their words.
    """
    groups: dict[str, list[str]] = {}
    for name in patients.unique():
        groups.setdefault(_folded(name), []).append(name)
    several = [names for names in groups.values() if len(names) > 1]
    if not several:
        return ""
    count = sum(map(len, several))
    shown = "; ".join(" and ".join(f"'{name}'" for name in names) for names in several[:EXAMPLES])
    return (
        f"{count:,} patient names may stand for {len(several):,} patients: {shown}"
        f"{'; ...' if len(several) > EXAMPLES else ''}; they count as different patients, which "
        "risks leakage between train and test: write each patient in one way."
    )


def unknown(dataset: "Dataset", table: pd.DataFrame) -> int:
    """How many images count as their own patient because the patient is unknown.

    A release that numbers its images without knowing patients says `patients_known = False`.
    """
    if not getattr(dataset, "patients_known", True):
        return len(table)
    return int((table["patient"] == table["image"]).sum())


def not_checked(images: int, unknown: int) -> str:
    """The warning about `images`, `unknown` of which have no known patient; "" if none."""
    if not unknown:
        return ""
    some = "patients unknown" if unknown == images else f"patients of {unknown:,} unknown"
    return f"{images:,} images, {some}: leakage between patients was NOT checked"


def _plain(name: str) -> str:
    if not name.isascii():
        name = unicodedata.normalize("NFC", name.translate(_INVISIBLE))
    return " ".join(name.split())


def _folded(name: str) -> str:
    """A name without its case, separators and leading zeros."""
    words = unicodedata.normalize("NFKC", name).casefold()
    words = re.sub(r"(?<=\d),(?=\d{3}\b)", "", words)
    words = re.sub(r"(?:[^\w.]|_)+", " ", words).strip(" .")
    return re.sub(r"(?<![\d.])0+(?=\d)", "", words)
