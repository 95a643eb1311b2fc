"""Finds the column of a table that names the images, and what completes its values."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from medsmall.dataset.guess.inferred import Inferred
from medsmall.dataset.own.class_folders import files_below, is_image
from medsmall.errors import MedsmallError


@dataclass(frozen=True)
class Match:
    """How many files the values of a `column` name, with the `folder` before and `suffix` after.

    `scattered` counts further files that the values would name in other folders.
    """

    count: int
    column: str
    folder: str
    suffix: str
    scattered: int


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
            f"{', '.join(cells.iloc[0].astype(str))}): put the table into the folder above the "
            "images, or correct the names."
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
            f"{best.folder or '.'}: write the folder into the column '{best.column}', such as "
            f"{best.folder}/{example}."
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
    named = Counter((file.parent.as_posix(), "") for file in files if file.name in values)
    stems = Counter(
        (file.parent.as_posix(), file.suffix)
        for file in files
        if file.stem in values and file.suffix and is_image(base / file)
    )
    options = [(whole, "", ""), (full, "", "")]
    for counts in (named, stems):
        options += [(count, folder, suffix) for (folder, suffix), count in counts.items()]
    count, folder, suffix = max(options, key=lambda option: option[0])
    scattered = max(sum(named.values()), sum(stems.values())) - count
    return Match(count, str(column.name), folder, suffix, scattered)
