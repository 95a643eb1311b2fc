"""The strata of a stratified split: columns of the sample table as binary strata."""

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError, did_you_mean

BINS = 10  # of a column of numbers, with about as many rows each
PATIENTS_PER_BIN = 15  # at least: fewer cannot be divided by the shares of the parts
MAX_CATEGORIES = 50  # of a column of text


def strata(table: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """1, 0 or NaN (unknown) of every row for every stratum, float64 (rows, strata).

    A column of labels (1, 0, NaN) is one stratum. Other numbers, such as an age or the target of
    a regression, are one stratum per quantile bin, and text is one per category, "" being one of
    them. Raises MedsmallError for a column that is not there or has too many categories.
    """
    found = []
    for column in columns:
        if column not in table.columns:
            raise MedsmallError(
                f"split.stratify_by: the sample table has no column '{column}'"
                f"{did_you_mean(column, map(str, table.columns))}."
            )
        values = table[column]
        if not pd.api.types.is_numeric_dtype(values):
            found += _one_per_category(values.fillna("").astype("str"))
        elif values.dropna().isin([0, 1]).all():
            found.append(values.to_numpy(dtype=float))
        else:
            patients = table.loc[values.notna(), "patient"].nunique()
            count = max(2, min(BINS, patients // PATIENTS_PER_BIN))
            bins = pd.qcut(values, count, labels=False, duplicates="drop").to_numpy(dtype=float)
            known = ~np.isnan(bins)
            found += [np.where(known, bins == b, np.nan) for b in np.unique(bins[known])]
    return np.column_stack(found) if found else np.empty((len(table), 0))


def _one_per_category(values: pd.Series) -> list[np.ndarray]:
    categories = sorted(values.unique())
    if len(categories) > MAX_CATEGORIES:
        raise MedsmallError(
            f"split.stratify_by: the column '{values.name}' holds {len(categories):,} different "
            f"texts, too many to balance: name columns with at most {MAX_CATEGORIES}, such as sex."
        )
    return [(values == category).to_numpy(dtype=float) for category in categories]
