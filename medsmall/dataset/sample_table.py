"""The sample table, and how its columns are made from those of a release."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from medsmall.dataset.patients import one_spelling
from medsmall.errors import MedsmallError

MAX_AGE_YEARS = 120  # ChestX-ray14 has ages up to 414: typing errors, so unknown
YEARS_PER_UNIT = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}  # DICOM's age string
_OUTSIDE = r"(?:^|/)\.{0,2}(?:/|$)|\\|^[A-Za-z]:"  # an empty part, . or .., a drive or a backslash


def sample_table(
    image: Sequence[str] | pd.Series,
    patient: Sequence[str] | pd.Series,
    labels: Mapping[str, np.ndarray | pd.Series],
    split: str | Sequence[str] | pd.Series = "",
    age: float | pd.Series = np.nan,
    sex: str | pd.Series = "",
    view: str | pd.Series = "",
    others: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """The sample table of a release: columns in the order, and of the types, of the contract.

    Each column has the same N rows; a single value holds for all rows, and the defaults mean
    unknown. `labels` are float64; `others` follow unchanged, text as str. Patients that are not the
    images themselves get `one_spelling`.
    """
    known = {"image": image, "patient": patient, "split": split}
    told = {"age": age, "sex": sex, "view": view}
    table = pd.DataFrame({**known, **labels, **told, **(others or {})})
    text = [*known, "sex", "view", *table.select_dtypes("object").columns]
    table = table.astype(dict.fromkeys(text, "str"))
    if patient is not image:
        table["patient"] = one_spelling(table["patient"]).astype("str")
    return table


def one_hot(
    classes: Sequence[str] | pd.Series, labels: Sequence[str], targets: Sequence[str]
) -> dict[str, np.ndarray]:
    """One float64 column (N,) per label: 1 where it is the row's class, else 0.

    `classes` are the N rows' classes; NaN or None is unknown, and NaN in each column. If `targets`
    are several classes but not all, a row of another class is NaN in each column, so that draws
    leave it out. A single target is that class against all the rest.
    """
    given, names = pd.factorize(np.asarray(classes, dtype=object))  # -1 where unknown
    at = {name: place for place, name in enumerate(names)}
    columns = {label: np.where(given == -1, np.nan, given == at.get(label, -1)) for label in labels}
    if len(targets) > 1:
        asked = np.array([*(name in targets for name in names), False])
        for target in targets:
            columns[target][~asked[given]] = np.nan
    return columns


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


def check_images(images: pd.Series, table: Path) -> pd.Series:
    """The `images` (paths) of a table; MedsmallError if one leaves the root or is repeated."""
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


def below_release(paths: pd.Series, table: Path, depth: int) -> pd.Series:
    """Paths without their first folder (the release's own name), which must leave `depth` parts."""
    parts = [path.partition("/")[2] for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if part.count("/") != depth - 1:
            raise MedsmallError(
                f"{table.absolute()} has the path '{path}', unlike the release: get it again."
            )
    return pd.Series(parts, index=paths.index, dtype="str")
