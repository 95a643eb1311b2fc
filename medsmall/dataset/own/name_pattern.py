"""The regular expression that finds the patient in a file's name."""

import re
from pathlib import Path

import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.terminal import say_once


def of_table(text: str | None, patient: str | None) -> re.Pattern[str] | None:
    """The expression of a table, None where there is none; MedsmallError beside a `patient`."""
    if text is None:
        return None
    if patient is not None:
        raise MedsmallError(
            f"dataset.patient='{patient}' and dataset.patient_pattern both tell the patient: set "
            "one of them to null."
        )
    return compiled(text, "dataset.patient_pattern")


def compiled(text: str, key: str = "dataset.patient") -> re.Pattern[str]:
    """The expression in `key`; MedsmallError where it is none, or has not one group."""
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise MedsmallError(
            f"{key}='{text}' is no regular expression ({error}): correct it."
        ) from None
    if pattern.groups != 1:
        raise MedsmallError(
            f"{key}='{text}' has {pattern.groups} groups: put brackets around what "
            "names the patient and nothing else, such as ^(person\\d+)."
        )
    return pattern


def patients(
    image: pd.Series,
    pattern: re.Pattern[str] | None,
    name: str,
    root: Path,
    key: str = "dataset.patient",
) -> pd.Series:
    """The patient of each image path: what `pattern` finds in the file's name, else the image.

    Says on stderr, as `name`, which images count as a patient each. MedsmallError where the
    pattern fits no name.
    """
    if pattern is None:
        say_once(
            f"{name}: no expression tells the patient from the file name "
            "(dataset.patient), so every image counts as its own patient; scores are too good "
            "if some are of the same."
        )
        return image
    found = image.str.rpartition("/")[2].str.extract(pattern, expand=False)
    without = found.isna() | (found == "")
    if without.all():
        raise MedsmallError(
            f"{key}='{pattern.pattern}' fits none of the {len(image):,} file "
            f"names under {root.absolute()}, such as {image.iloc[0]}: correct it."
        )
    if without.any():
        say_once(
            f"{name}: {key} fits {(~without).sum():,} of {len(image):,} file "
            f"names; the others, such as {image[without].iloc[0]}, count as a patient each."
        )
    return found.where(~without, image)
