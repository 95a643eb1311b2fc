"""The part of the split of each image, also if the split itself is faulty."""

import pandas as pd

from medsmall.audit.patients import patients_across_splits
from medsmall.errors import MedsmallError
from medsmall.split import Split


def parts(
    split: Split, table: pd.DataFrame, targets: list[str]
) -> tuple[pd.Series, str, pd.DataFrame]:
    """Part of every row (str, "" = unknown), a note for the user ("" = none), and findings.

    If the configured split refuses a patient in two parts, these patients are listed and the parts
    are those of the official column. If the data set has no official split, the parts are unknown
    and the note says so. Other refusals are raised.
    """
    official = table["split"].fillna("").astype(str)
    try:
        part = split.assign(table, targets)
    except MedsmallError as error:
        across = patients_across_splits(table, official, used=True)
        if len(across):
            return official, "The audit uses the official split.", across
        if not (official == "").all():
            raise
        return official, f"{error} Leakage between train and test was not checked.", across
    return part, "", patients_across_splits(table, official, used=False)
