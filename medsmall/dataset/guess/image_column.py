"""Finds the column of a table that names the images, and what completes its values."""

import posixpath
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from medsmall.dataset.guess.inferred import Inferred
from medsmall.dataset.own.class_folders import files_below, is_image
from medsmall.errors import MedsmallError

LOOKED_AT = 50  # cells of a column that are compared with files of a similar name
Places = dict[tuple[str, str], set[str]]  # folder and suffix -> the names found there


@dataclass(frozen=True)
class Match:
    """How many files the values of a `column` name, with the `folder` before and `suffix` after.

    `scattered` counts further files that the values would name in other folders or with another
    suffix; `also` is a place where the same values name as many files, "" if there is none.
    """

    count: int
    column: str
    folder: str
    suffix: str
    scattered: int
    also: str = ""


def find(found: Inferred, path: Path, cells: pd.DataFrame) -> None:
    """Set the column of which most values are files near the table, and what completes them.

    MedsmallError where no column names a file.
    """
    base = path.absolute().parent
    files = [file.relative_to(base) for file in files_below(base) if file != path.absolute()]
    best = max((match(cells[column], base, files) for column in cells), key=lambda m: m.count)
    if not best.count:
        raise MedsmallError(
            f"{path.absolute()} has no column that names files below {base} (its first row: "
            f"{', '.join(cells.iloc[0].astype(str))}){_nearly(cells, files)}: put the table into "
            "the folder above the images, or correct the names."
        )
    if best.also:
        raise MedsmallError(
            f"{path.absolute()}, column '{best.column}': its names fit {best.count:,} files "
            f"<name>{best.suffix} in {best.folder or '.'} and as many as {best.also}: write the "
            "folder and the full file name of the right ones into the column."
        )
    found.set("root", str(base), "the folder of the table")
    said = (f"{cell.replace(chr(92), '/')}{best.suffix}" for cell in cells[best.column])
    example = next((name for name in said if (base / best.folder / name).is_file()), "")
    there = f"{best.count:,} of its {len(cells):,} files are there, as {example}"
    found.set("image", best.column, there)
    if best.folder not in ("", "."):
        found.set("folder", best.folder, "holds these files")
    if best.suffix:
        found.set("suffix", best.suffix, "is missing from the values")
    if best.scattered > 0:
        found.warnings.append(
            f"{best.scattered:,} more of the images lie in other folders than "
            f"{best.folder or '.'} or end otherwise: write the folder and the full file name into "
            f"the column '{best.column}', such as {posixpath.join(best.folder, example)}."
        )
    rest = len(cells) - best.count
    if rest:
        found.set("missing_images", "drop", f"{rest:,} of {len(cells):,} images are not there")
        found.warnings.append(f"{rest:,} of the {len(cells):,} images listed are not there.")


def match(column: pd.Series, base: Path, files: list[Path]) -> Match:
    """How the values of a column name most of the `files` (relative to `base`)."""
    values = {*column.str.replace("\\", "/", regex=False).unique().tolist()} - {""}
    whole = sum(file.as_posix() in values for file in files)
    full = sum((base / file).as_posix() in values for file in files)
    named: Places = defaultdict(set)
    stems: Places = defaultdict(set)
    for file in files:
        folder = file.parent.as_posix()
        if file.name in values:
            named[folder, ""].add(file.name)
        if file.stem in values and file.suffix and is_image(base / file):
            stems[folder, file.suffix].add(file.stem)
    options = [(whole, "", ""), (full, "", "")]
    for places in (named, stems):
        options += [(len(names), *place) for place, names in places.items()]
    count, folder, suffix = max(options, key=lambda option: option[0])
    scattered = max(sum(map(len, places.values())) for places in (named, stems)) - count
    also = "" if count in (whole, full) else _also(named if not suffix else stems, (folder, suffix))
    return Match(count, str(column.name), folder, suffix, scattered, also)


def _also(places: Places, best: tuple[str, str]) -> str:
    """Another place that holds files of just the names that the `best` holds, "" if none."""
    for (folder, suffix), names in places.items():
        if (folder, suffix) != best and names == places[best]:
            return f"<name>{suffix} in {folder}"
    return ""


def _nearly(cells: pd.DataFrame, files: list[Path]) -> str:
    """A hint at a file whose name is the end of a cell, or differs by case or its suffix alone."""
    there = {file.name: file for file in files}
    alike = {form: file for file in files for form in (file.name.lower(), file.stem.lower())}
    for column in cells:
        for cell in cells[column].unique()[:LOOKED_AT]:
            name = cell.replace("\\", "/").rpartition("/")[2]
            lower = name.lower()
            file = there.get(name) or alike.get(lower) or alike.get(lower.rpartition(".")[0])
            if file is not None:
                return f"; '{cell}' may be {file.as_posix()}"
    return ""
