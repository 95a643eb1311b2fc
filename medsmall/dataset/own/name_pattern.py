"""The regular expression that finds the patient in a file's name."""

import re
from pathlib import Path

import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.terminal import say_once


def compiled(text: str) -> re.Pattern[str]:
    """The expression; MedsmallError where it is none, or has not one group."""
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise MedsmallError(
            f"dataset.patient='{text}' is no regular expression ({error}): correct it."
        ) from None
    if pattern.groups != 1:
        raise MedsmallError(
            f"dataset.patient='{text}' has {pattern.groups} groups: put brackets around what "
            "names the patient and nothing else, such as ^(person\\d+)."
        )
    return pattern


def patients(image: pd.Series, pattern: re.Pattern[str] | None, name: str, root: Path) -> pd.Series:
    """The patient of each image path: what `pattern` finds in the file's name, else the image.

    Says on stderr, as `name`, which images count as a patient each. MedsmallError where the
    pattern fits no name.
    """
    if pattern is None:
        say_once(
            f"{name}: no expression tells the patient from the file name (dataset.patient), so "
            "every image counts as its own patient. If patients repeat, test scores will be "
            "inflated."
        )
        return image
    found = image.str.rpartition("/")[2].str.extract(pattern, expand=False)
    without = found.isna() | (found == "")
    if without.all():
        raise MedsmallError(
            f"dataset.patient='{pattern.pattern}' fits none of the {len(image):,} file "
            f"names under {root.absolute()}, such as {image.iloc[0]}: correct it."
        )
    if without.any():
        say_once(
            f"{name}: dataset.patient fits {(~without).sum():,} of {len(image):,} file "
            f"names; the others, such as {image[without].iloc[0]}, count as a patient each."
        )
    return found.where(~without, image)
