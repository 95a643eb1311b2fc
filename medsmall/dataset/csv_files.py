"""Tables and lists of a release: absent or unreadable files become one clear sentence."""

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from medsmall.dataset.remedies import remedy
from medsmall.errors import MedsmallError, did_you_mean

_UNREADABLE = (OSError, EOFError, zlib.error, pd.errors.ParserError)


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
            f"{path.absolute()} has no column '{absent[0]}'{did_you_mean(absent[0], header)}: "
            f"{remedy(path, 'correct the table')}."
        )
    for name in full:
        blank = table[name].isna() | (table[name].astype("str").str.strip() == "")
        if blank.any():
            raise MedsmallError(
                f"{path.absolute()} has no {name} in {_lines(blank)}: fill it in, or delete "
                "the line."
            )
    return table[wanted]


def read_headless_csv(path: Path, names: Sequence[str]) -> pd.DataFrame:
    """The columns of a CSV file without header, as str, called `names`; every cell must be full."""
    table = _parse(path, header=None, dtype="str")
    if table.shape[1] != len(names) or table.isna().any(axis=None):
        raise MedsmallError(
            f"{path.absolute()} should have {len(names)} full column(s) without header "
            f"({', '.join(names)})."
        )
    return table.set_axis(list(names), axis="columns")


def read_names(path: Path) -> list[str]:
    """The words of a text file in UTF-8, such as the file names of an official split."""
    try:
        return path.read_text(encoding="utf-8-sig").split()
    except UnicodeDecodeError as error:
        raise MedsmallError(_other_encoding(path, error)) from None
    except OSError as error:
        raise MedsmallError(f"{path.absolute()} cannot be read ({error.strerror}).") from None


def _lines(rows: pd.Series) -> str:
    """The first of the true rows, as lines of a file that begins with a header."""
    first, count = int(rows.to_numpy().argmax()) + 2, int(rows.sum())
    return f"line {first}" + (f" and {count - 1:,} more" if count > 1 else "")


def _other_encoding(path: Path, error: UnicodeDecodeError) -> str:
    found = " but UTF-16" if error.object[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
    return (
        f"{path.absolute()} is not in UTF-8{found} (byte 0x{error.object[error.start]:02x}): "
        f"{remedy(path, 'save it as UTF-8, or get it again')}."
    )


def _parse(path: Path, **options: Any) -> pd.DataFrame:
    try:
        return pd.read_csv(
            path, encoding="utf-8-sig", keep_default_na=False, na_values=[""], **options
        )
    except pd.errors.EmptyDataError:
        raise MedsmallError(f"{path.absolute()} is empty: {remedy(path)}.") from None
    except UnicodeDecodeError as error:
        raise MedsmallError(_other_encoding(path, error)) from None
    except _UNREADABLE as error:
        raise MedsmallError(
            f"{path.absolute()} cannot be read as a table ({str(error).strip()}): {remedy(path)}."
        ) from None
    except ValueError as error:  # text where a number belongs; pandas quotes the value
        raise MedsmallError(
            f"{path.absolute()} has a cell that is not a number ({str(error).strip()}): "
            f"{remedy(path, 'correct it')}."
        ) from None
