"""How far a split is from having the same prevalence everywhere."""

import pandas as pd

from medsmall.split.gate import PARTS


def deviation(table: pd.DataFrame, split: pd.Series, targets: list[str]) -> pd.DataFrame:
    """One row per target and part (train, val, test), in that order.

    `target`, `part`, `known` (int, rows with a known label), `prevalence` (mean of the known
    labels: the share of positives, or the mean of a target of numbers) and `deviation`: of the
    prevalence from that in the whole table, relative to it (-1: no positive, 0: the same, 1:
    twice). For a target of numbers it is in standard deviations of the whole instead. NaN where a
    part has no known label or the whole no positive.
    """
    rows = []
    for target in targets:
        column = table[target]
        whole = column.dropna()
        labels = bool(whole.isin([0, 1]).all())
        scale = whole.mean() if labels else whole.std(ddof=0)
        for part in PARTS:
            known = column[(split == part) & column.notna()]
            difference = known.mean() - whole.mean()
            rows.append(
                {
                    "target": target,
                    "part": part,
                    "known": len(known),
                    "prevalence": known.mean(),
                    "deviation": difference / scale if scale else float("nan"),
                }
            )
    return pd.DataFrame(rows, columns=["target", "part", "known", "prevalence", "deviation"])
