"""How far a split is from having the same prevalence everywhere."""

import pandas as pd

from medsmall.split import PARTS


def deviation(table: pd.DataFrame, split: pd.Series, targets: list[str]) -> pd.DataFrame:
    """Each part's prevalence (rows) relative to that of the whole, per target: 0 the same, 1 twice.

    NaN where a part has no known label or the whole no positive.
    """
    return table[targets].groupby(split).mean().reindex(PARTS) / table[targets].mean() - 1
