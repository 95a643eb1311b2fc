"""The regular expression that finds the patient in a file's name, or in its path."""

import re
from pathlib import Path

import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.terminal import say_once


def compiled(text: str, key: str = "dataset.patient") -> re.Pattern[str]:
    """The expression in `key`; MedsmallError if it is invalid, or does not have one group."""
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise MedsmallError(
            f"{key}='{text}' is not a regular expression ({error}): correct it."
        ) from None
    if pattern.groups != 1:
        raise MedsmallError(
            f"{key}='{text}' has {pattern.groups} groups: put brackets around the patient only, "
            "such as ^(person\\d+)."
        )
    return pattern


def find_all(pattern: re.Pattern[str], image: pd.Series) -> pd.Series:
    """The text that `pattern` finds in each image path, NaN if it does not fit.

    It is searched in the file's name or, if it contains a /, in the path below the root.
    """
    searched = image if "/" in pattern.pattern else image.str.rpartition("/")[2]
    found = searched.str.extract(pattern, expand=False)
    return found.where(found != "")


def patients(
    image: pd.Series,
    pattern: re.Pattern[str] | None,
    name: str,
    root: Path,
    key: str = "dataset.patient",
) -> pd.Series:
    """The patient of each image path: the text that `pattern` finds, else the image itself.

    A notice, as `name`, says which images count as their own patient. MedsmallError if the pattern
    fits no name; `key` is its key in the config.
    """
    if pattern is None:
        say_once(
            f"{name}: {key} is not set, so patients are unknown and every image counts as its own "
            "patient. If patients repeat, test scores will be inflated."
        )
        return image
    found = find_all(pattern, image)
    without = found.isna()
    if without.all():
        raise MedsmallError(
            f"{key}='{pattern.pattern}' fits none of the {len(image):,} file "
            f"names under {root.absolute()}, such as {image.iloc[0]}: correct it."
        )
    if without.any():
        say_once(
            f"{name}: {key} fits {(~without).sum():,} of {len(image):,} file "
            f"names; each other image, such as {image[without].iloc[0]}, counts as its own patient."
        )
    return found.where(~without, image)
