"""What somebody's table lists: images below a root, each once, their patients and their parts."""

import posixpath
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from medsmall.dataset.own.classes import PARTS, parts_to_learn
from medsmall.dataset.own.column import Column
from medsmall.errors import MedsmallError


def image_paths(column: Column, root: Path, folder: str, suffix: str) -> pd.Series:
    """Paths relative to `root`, with `/`: `folder`, the cell and `suffix`.

    A full path below `root` is shortened. MedsmallError names the first row that is blank or
    leaves `root`; a link inside it may lead elsewhere.
    """
    here = root.absolute().as_posix()
    paths = []
    for row, cell in column.cells.items():
        if not cell:
            raise column.refused(row, "it names no image; fill it in, or delete the row")
        slashed = cell.replace("\\", "/") + suffix
        if slashed.startswith(f"{here}/"):
            slashed = slashed[len(here) + 1 :]
        elif not slashed.startswith("/") and slashed[1:2] != ":":
            slashed = posixpath.join(folder, slashed)
        path = posixpath.normpath(slashed)
        if path.startswith(("/", "../")) or path in (".", "..") or path[1:2] == ":":
            raise column.refused(
                row, f"'{cell}' does not lie below dataset.root ({here}); correct it, or set "
                "dataset.root to a folder above all images"
            )  # fmt: skip
        paths.append(path)
    return pd.Series(paths, index=column.cells.index, name="image", dtype="str")


def refuse_repeated(
    image: pd.Series, cells: pd.DataFrame, path: Path, name: str, labels: Sequence[str]
) -> None:
    """MedsmallError where two rows list one image, which says whether their labels agree."""
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
    """The patient of each row; MedsmallError where a row names none."""
    if (column.cells == "").any():
        raise names_no_patient(column, "set dataset.patient=null")
    return column.cells


def names_no_patient(column: Column, otherwise: str) -> MedsmallError:
    """The error for a column of patients with blank cells; `otherwise` is the other remedy."""
    blank = column.cells.index[column.cells == ""]
    more = len(blank) - 1
    also = f" (nor do {more:,} more rows)" if more > 1 else " (nor does 1 more row)" * more
    return column.refused(blank[0], f"it names no patient{also}; fill it in, or {otherwise}")


def parts(column: Column) -> pd.Series:
    """The official part of each row, "" where blank; MedsmallError for a word that is none."""
    found = column.cells.str.lower().map({**PARTS, "": ""})
    for row in found.index[found.isna()][:1]:
        raise column.refused(
            row,
            f"'{column.cells[row]}' is none of train, val (valid, validation, dev) and test",
        )
    return parts_to_learn(found.astype("str"))
