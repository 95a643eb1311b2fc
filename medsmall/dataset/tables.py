"""Tables of a release: what is absent, unreadable or misspelt becomes one clear sentence."""

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from medsmall.dataset import Dataset
from medsmall.errors import MedsmallError, did_you_mean

MAX_AGE_YEARS = 120  # ChestX-ray14 has ages up to 414: typing errors, so unknown
_OUTSIDE = r"(?:^|/)\.{0,2}(?:/|$)|\\|^[A-Za-z]:"  # an empty part, . or .., a drive or a backslash
YEARS_PER_UNIT = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}  # DICOM's age string
_UNREADABLE = (OSError, EOFError, zlib.error, pd.errors.ParserError)


def chosen(targets: Sequence[str] | None, default: Sequence[str], data: Dataset) -> list[str]:
    """The targets to learn: `targets` in the order given, or `default` where it is None.

    Raises MedsmallError for an unknown, repeated or no target.
    """
    if targets is None:
        return list(default)
    return some_of(targets, data.labels, "dataset.targets", f"{data.name} has no target")


def some_of(names: Sequence[str], known: Sequence[str], key: str, refusal: str) -> list[str]:
    """The `names` that the configuration's `key` lists, in the order given.

    Raises MedsmallError for none, a repeated one, and one that is not `known`, which begins with
    `refusal` ("mura has no body part").
    """
    if isinstance(names, str):
        raise MedsmallError(f"{key} is a list: write {key}=[{names}].")
    names = list(names)
    if not names:
        raise MedsmallError(f"{key} is empty: name some of {', '.join(known)}.")
    for name in names:
        if name not in known:
            raise MedsmallError(f"{refusal} '{name}'{did_you_mean(str(name), known)}.")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise MedsmallError(f"{key} names {', '.join(repeated)} more than once.")
    return names


def one_of(value: str, allowed: Sequence[str], key: str) -> str:
    """`value`, or MedsmallError naming the configuration's `key` and the nearest allowed value."""
    if value not in allowed:
        raise MedsmallError(f"{key} cannot be '{value}'{did_you_mean(str(value), allowed)}.")
    return value


def not_here(data: Dataset, file: str) -> MedsmallError:
    """The error for a release, or a needed file of it, that is not under the data set's root."""
    root = data.root.absolute()
    there = f"{root} holds no {file}" if root.is_dir() else f"no folder {root} (for {file})"
    return MedsmallError(
        f"{data.name} is not here: {there}. Get it from {data.url} and put it there or point "
        "dataset.root to it; or try everything on generated images with phantom=true."
    )


def find(data: Dataset, *names: str) -> Path:
    """The first of the files `names` that lies in the data set's root; MedsmallError if none."""
    for name in names:
        if (data.root / name).is_file():
            return data.root / name
    raise not_here(data, " or ".join(names))


def read_csv(
    path: Path, text: Sequence[str], numbers: Sequence[str] = (), full: Sequence[str] = ()
) -> pd.DataFrame:
    """The named columns of a CSV file (plain or .gz), in the order named; other ones are ignored.

    `text` columns are str, `numbers` float64; an empty cell is NaN in both, and refused in the
    columns `full`. MedsmallError names the file, and the line, and what is wrong with it.
    """
    wanted = [*text, *numbers]
    types = {**dict.fromkeys(text, "str"), **dict.fromkeys(numbers, "float64")}
    table = _parse(path, usecols=lambda name: name in types, dtype=types, index_col=False)
    absent = [name for name in wanted if name not in table.columns]
    if absent:
        header = list(_parse(path, nrows=0, index_col=False).columns)
        raise MedsmallError(
            f"{path.absolute()} has no column '{absent[0]}'{did_you_mean(absent[0], header)}."
        )
    for name in full:
        blank = table[name].isna() | (table[name].astype("str").str.strip() == "")
        if blank.any():
            raise MedsmallError(
                f"{path.absolute()} has no {name} in {_lines(blank)}: fill it in, or delete "
                "the line."
            )
    return table[wanted]


def _lines(rows: pd.Series) -> str:
    """The first of the true rows, as lines of a file that begins with a header."""
    first, count = int(rows.to_numpy().argmax()) + 2, int(rows.sum())
    return f"line {first}" + (f" and {count - 1:,} more" if count > 1 else "")


def read_names(path: Path) -> list[str]:
    """The words of a text file in UTF-8, such as the file names of an official split."""
    try:
        return path.read_text(encoding="utf-8-sig").split()
    except UnicodeDecodeError as error:
        raise MedsmallError(_other_encoding(path, error)) from None
    except OSError as error:
        raise MedsmallError(f"{path.absolute()} cannot be read ({error.strerror}).") from None


def _other_encoding(path: Path, error: UnicodeDecodeError) -> str:
    found = " but UTF-16" if error.object[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
    return (
        f"{path.absolute()} is not in UTF-8{found} (byte 0x{error.object[error.start]:02x}): "
        "save it as UTF-8, or get it again."
    )


def read_headless_csv(path: Path, names: Sequence[str]) -> pd.DataFrame:
    """The columns of a CSV file without header, as str, called `names`; every cell must be full."""
    table = _parse(path, header=None, dtype="str")
    if table.shape[1] != len(names) or table.isna().any(axis=None):
        raise MedsmallError(
            f"{path.absolute()} should have {len(names)} full column(s) without header "
            f"({', '.join(names)})."
        )
    return table.set_axis(list(names), axis="columns")


def _parse(path: Path, **options: Any) -> pd.DataFrame:
    try:
        return pd.read_csv(
            path, encoding="utf-8-sig", keep_default_na=False, na_values=[""], **options
        )
    except pd.errors.EmptyDataError:
        raise MedsmallError(f"{path.absolute()} is empty: get it again.") from None
    except UnicodeDecodeError as error:
        raise MedsmallError(_other_encoding(path, error)) from None
    except _UNREADABLE as error:
        raise MedsmallError(
            f"{path.absolute()} cannot be read as a table ({str(error).strip()}): get it again."
        ) from None
    except ValueError as error:  # text where a number belongs; pandas quotes the value
        raise MedsmallError(
            f"{path.absolute()} has a cell that is no number: {str(error).strip()}."
        ) from None


def age_in_years(ages: pd.Series) -> pd.Series:
    """Ages written `58`, `060Y`, `013M`, `002W` or `001D`, in years (float64); else NaN.

    Also NaN above `MAX_AGE_YEARS`.
    """
    ages = ages.astype("str").str.strip().str.upper()
    known = pd.Series(ages.dropna().unique(), dtype="str")
    parts = known.str.extract(r"^(\d+(?:\.\d+)?)([YMWD]?)$")
    unit = parts[1].replace("", "Y").map(YEARS_PER_UNIT).astype("float64")  # also where no row is
    years = parts[0].astype("float64") * unit
    return (
        ages.map(dict(zip(known, years, strict=True)))
        .astype("float64")
        .where(lambda age: age <= MAX_AGE_YEARS)
    )


def sex_of(column: pd.Series) -> pd.Series:
    """ "F", "M" or "" (not known) from `F`, `M`, `Female`, `Male`, `Unknown` or blank."""
    first = column.astype("str").str.strip().str[:1].str.upper()
    return first.where(first.isin(["F", "M"]), "").astype("str")


def below_release(paths: pd.Series, table: Path, depth: int) -> pd.Series:
    """Paths without their first folder (the release's own name), which must leave `depth` parts."""
    parts = [path.partition("/")[2] for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if part.count("/") != depth - 1:
            raise MedsmallError(
                f"{table.absolute()} has the path '{path}', which is not as the release writes it."
            )
    return pd.Series(parts, index=paths.index, dtype="str")


def check_images(images: pd.Series, table: Path) -> pd.Series:
    """The `images` (paths) that a table lists; MedsmallError if one leaves the root or is twice."""
    outside = images.str.contains(_OUTSIDE)
    if outside.any():
        raise MedsmallError(
            f"{table.absolute()} lists the image '{images[outside].iloc[0]}', which is not a path "
            "below the data set's root: correct the table."
        )
    again = images.duplicated()
    if again.any():
        raise MedsmallError(
            f"{table.absolute()} lists {again.sum():,} images more than once, such as "
            f"{images[again].iloc[0]}: delete the surplus lines."
        )
    return images


def one_hot(
    classes: Sequence[str] | pd.Series, labels: Sequence[str], targets: Sequence[str]
) -> dict[str, np.ndarray]:
    """One float64 column (N,) per label: 1 where it is the row's class, else 0.

    `classes` are the N rows' classes; NaN or None is unknown, and NaN in each column. Where
    `targets` are several classes but not all, a row of another class is unknown in each of them,
    as none of the answers fits it: draws leave it out. A single target is that class against all
    the rest.
    """
    given = np.asarray(classes, dtype=object)
    columns = {label: np.where(pd.isna(given), np.nan, given == label) for label in labels}
    if len(targets) > 1:
        for target in targets:
            columns[target][~np.isin(given, list(targets))] = np.nan
    return columns


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """Write a text file with a line feed after each line on every system."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
