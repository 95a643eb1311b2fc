"""The images that a user's table lists, each once, with their patients and parts."""

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from medsmall.dataset.own.cell_words import UNKNOWN
from medsmall.dataset.own.classes import CONTROL, PARTS, is_plain, parts_to_learn
from medsmall.dataset.own.column import Column
from medsmall.errors import MedsmallError

# Paths that need a check: a backslash, an empty part, . or .., a drive, a control character.
_ODD = rf"\\|(?:^|/)\.{{0,2}}(?:/|$)|^.:|{CONTROL}"


def is_below(path: str) -> bool:
    """Whether a path, with / or \\, is relative and stays below the folder it is relative to."""
    path = posixpath.normpath(path.replace("\\", "/"))
    return not (path.startswith(("/", "../")) or path in (".", "..") or path[1:2] == ":")


def check_place(folder: str, suffix: str) -> None:
    """MedsmallError if `folder` leaves the root, or `suffix` is more than the end of a name."""
    if folder and not is_below(f"{folder}/x"):
        raise MedsmallError(
            f"dataset.folder='{folder}' is not inside dataset.root: choose a folder inside it, "
            "or set dataset.root to a folder above."
        )
    if re.search(rf"[/\\]|{CONTROL}", suffix):
        raise MedsmallError(
            f"dataset.suffix={suffix!r} cannot end a file name: write what the names lack, such "
            "as .png."
        )


def image_paths(column: Column, root: Path, folder: str, suffix: str) -> pd.Series:
    """Paths relative to `root`, with `/`: `folder`, the cell and `suffix`.

    A full path below `root` is shortened. MedsmallError names the first row that is blank or
    leaves `root`; a link inside it may lead elsewhere.
    """
    before = posixpath.normpath(folder)
    before = "" if before == "." else f"{before}/"
    paths = (before + column.cells + suffix).astype("str").rename("image")
    odd = column.cells[column.cells.str.contains(_ODD)]
    if len(odd):
        here = root.absolute().as_posix()
        found = [_odd_path(column, row, here, folder, suffix) for row in odd.index]
        paths.update(pd.Series(found, odd.index, dtype="str"))
    return paths


def _odd_path(column: Column, row: int, here: str, folder: str, suffix: str) -> str:
    """The path of a cell that is more than plain names of folders and a file."""
    cell = column.cells[row]
    if not cell:
        raise column.refused(row, "it names no image; fill it in, or delete the row")
    if not is_plain(cell):
        raise column.refused(
            row, f"{cell!r} contains a line break or control character; rename the image"
        )
    slashed = cell.replace("\\", "/") + suffix
    if slashed.startswith(f"{here}/"):
        slashed = slashed[len(here) + 1 :]
    elif not slashed.startswith("/") and slashed[1:2] != ":":
        slashed = posixpath.join(folder, slashed)
    if not is_below(slashed):
        raise column.refused(
            row, f"'{cell}' is not inside dataset.root ({here}); correct it, or set "
            "dataset.root to a folder above all images"
        )  # fmt: skip
    return posixpath.normpath(slashed)


def refuse_repeated(
    image: pd.Series, cells: pd.DataFrame, path: Path, name: str, labels: Sequence[str]
) -> None:
    """MedsmallError if two rows list one image; it says whether their labels agree."""
    again = image[image.duplicated()]
    if again.empty:
        return
    rows = image.index[image == again.iloc[0]][:2]
    first, second = cells.loc[rows[0]], cells.loc[rows[1]]
    where = f"{path.absolute()}, rows {rows[0]} and {rows[1]}, column '{name}': both list"
    also = f" ({len(again):,} rows repeat an image)" if len(again) > 1 else ""
    if (first == second).all():
        raise MedsmallError(f"{where} {again.iloc[0]} and are the same{also}: delete one of them.")
    for label in labels:
        if first[label] != second[label]:
            raise MedsmallError(
                f"{where} {again.iloc[0]}, with '{first[label]}' and '{second[label]}' in "
                f"'{label}'{also}: correct the labels and keep one row per image."
            )
    raise MedsmallError(
        f"{where} {again.iloc[0]}, with the same labels but other entries{also}: keep one of them."
    )


def patients(column: Column) -> pd.Series:
    """The patient of each row; MedsmallError if a row names none, or all rows the same."""
    if _nobody(column).any():
        raise names_no_patient(column, "set dataset.patient=null")
    first = column.cells.iloc[0]
    if len(column.cells) > 1 and (column.cells == first).all():
        raise MedsmallError(
            f"{column.path.absolute()}, column '{column.name}': all {len(column.cells):,} rows "
            f"name one patient ('{first}'), who cannot be split; fill in the patients, or set "
            "dataset.patient=null. If patients repeat, test scores will be inflated."
        )
    return column.cells


def names_no_patient(column: Column, otherwise: str) -> MedsmallError:
    """The error for a column of patients with blank cells; `otherwise` is the other remedy."""
    blank = column.cells.index[_nobody(column)]
    more = len(blank) - 1
    also = f" (nor do {more:,} more rows)" if more > 1 else " (nor does 1 more row)" * more
    return column.refused(
        blank[0], f"it names no patient{also}; fill it in, delete the row, or {otherwise}"
    )


def _nobody(column: Column) -> pd.Series:
    """Whether each cell is blank or says that the patient is unknown."""
    return column.cells.str.lower().isin(UNKNOWN)


def parts(column: Column) -> pd.Series:
    """The official part of each row, "" if blank; MedsmallError for an unknown word."""
    found = column.cells.str.lower().map({**PARTS, "": ""})
    for row in found.index[found.isna()][:1]:
        raise column.refused(
            row,
            f"'{column.cells[row]}' is not one of train, val (valid, validation, dev) and test",
        )
    return parts_to_learn(found.astype("str"))
