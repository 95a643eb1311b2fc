"""Counts of the targets of a sample table: pure functions from table to table.

A `table` has the columns of the data set contract; `targets` are columns of 1, 0 or NaN (unknown),
or of any numbers for regression. `part` is a Series on the table's index that groups its rows.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from medsmall.task import Task

PARTS = ("train_val", "train", "val", "test", "")  # in the order they are shown
UNNAMED = "no part"
WHOLE = "all"


def named_parts(split: pd.Series) -> pd.Series:
    """The column `split` with a word where it is empty."""
    return split.fillna("").replace("", UNNAMED)


def parts_or_whole(part: pd.Series) -> pd.Series:
    """`part`, or "all" throughout where no part has a name."""
    return part if (part != UNNAMED).any() else part.replace(UNNAMED, WHOLE)


def in_order(parts: pd.Series) -> list[str]:
    """The parts that occur, train before val before test, others behind by name."""
    usual = [part or UNNAMED for part in PARTS]
    found = set(parts)
    return [part for part in usual if part in found] + sorted(found - set(usual))


def count(table: pd.DataFrame, targets: Sequence[str], part: pd.Series) -> pd.DataFrame:
    """Per target and part: positive, negative and unknown images.

    Columns `target`, `part` ("all" first, alone where no part has a name), `images`, `patients`,
    `positive`, `negative`, `unknown`, `prevalence` = positive / (positive + negative), NaN
    where nothing is known.
    """
    rows = []
    groups = [(name, g, g["patient"].nunique()) for name, g in _groups(table, part)]
    for target in targets:
        for name, group, patients in groups:
            positive = group[target].dropna() == 1
            rows.append(
                {
                    "target": target,
                    "part": name,
                    "images": len(group),
                    "patients": patients,
                    "positive": int(positive.sum()),
                    "negative": int((~positive).sum()),
                    "unknown": len(group) - len(positive),
                    "prevalence": positive.mean(),
                }
            )
    return pd.DataFrame(rows)


def summarise(table: pd.DataFrame, targets: Sequence[str], part: pd.Series) -> pd.DataFrame:
    """Regression targets per part: known and unknown, mean, standard deviation, quartiles.

    In the unit of the target; NaN where nothing is known.
    """
    words = {"std": "sd", "min": "least", "25%": "quartile_1", "50%": "median",
             "75%": "quartile_3", "max": "largest"}  # fmt: skip
    rows = []
    for target in targets:
        for name, group in _groups(table, part):
            known = group[target].count()
            counts = {"patients": group["patient"].nunique(), "known": known}
            counts["unknown"] = len(group) - known
            numbers = group[target].describe().drop("count").rename(words)
            rows.append({"target": target, "part": name, **counts, **numbers})
    return pd.DataFrame(rows)


def _groups(table: pd.DataFrame, part: pd.Series) -> list[tuple[str, pd.DataFrame]]:
    """The whole table, then its parts where it has any."""
    parts = in_order(part)
    groups = [(name, table[part == name]) for name in parts]
    return [(WHOLE, table), *groups] if parts != [UNNAMED] else [(WHOLE, table)]


def cooccur(table: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    """How often targets occur together, for every ordered pair `given`, `target`.

    `images` of those with `given` whose `target` is known, `together` with both, and `share` =
    together / images: P(target | given); NaN where there is no such image.
    """
    labels = table[list(targets)]
    positive, known = (labels == 1).astype("float64"), labels.notna().astype("float64")
    numbers = {"images": positive.T @ known, "together": positive.T @ positive}
    pairs = pd.DataFrame({name: square.stack() for name, square in numbers.items()}).astype(int)
    pairs["share"] = pairs["together"] / pairs["images"].where(pairs["images"] > 0)
    return pairs.rename_axis(["given", "target"]).reset_index()


def classes(table: pd.DataFrame, targets: Sequence[str], task: Task) -> dict[str, pd.Series]:
    """The groups of images worth a look of their own: name -> bool on the table's index.

    One per target, "not X" for one binary target, "none of the targets" for several findings,
    quintiles of the known values for regression. Groups without an image are given too.
    """
    if task is Task.REGRESSION:
        return quintiles(table[targets[0]], targets[0])
    groups = {target: table[target] == 1 for target in targets}
    if task is Task.BINARY:
        groups[f"not {targets[0]}"] = table[targets[0]] == 0
    if task is Task.MULTILABEL:
        groups["none of the targets"] = (table[list(targets)] == 0).all(axis=1)
    return groups


def quintiles(values: pd.Series, name: str) -> dict[str, pd.Series]:
    """Five ranges of known values with about as many images each; fewer where values are few."""
    if values.nunique() < 2:
        return {f"{name} {value:g}": values == value for value in values.dropna().unique()}
    fifth = pd.qcut(values, 5, labels=False, duplicates="drop")
    ranges = values.groupby(fifth).agg(["min", "max"])
    return {
        f"{name} {low:.4g} to {high:.4g}": values.between(low, high)
        for low, high in ranges.itertuples(index=False)
    }


def across(counts: pd.DataFrame) -> pd.DataFrame:
    """The prevalence of each target per part beside that of the whole.

    `counts` is of `count`. Columns `target`, `images_known`, `whole`, one per part, and
    `largest_imbalance`: the largest of |part - whole| / whole, NaN for a whole of 0.
    """
    wide = counts.pivot(index="target", columns="part", values="prevalence")
    wide = wide.loc[counts["target"].unique(), counts["part"].unique()]
    deviation = (wide.drop(columns=WHOLE).sub(wide[WHOLE], axis=0)).abs().max(axis=1)
    wide["largest_imbalance"] = deviation / wide[WHOLE].where(wide[WHOLE] > 0)
    return wide.rename(columns={WHOLE: "whole"}).reset_index().rename_axis(columns=None)


def farthest(shares: pd.DataFrame) -> tuple[str, str, float, float] | None:
    """Where a part is farthest from the whole in a table of `across`, relative to the whole.

    Target, part, prevalence there and in the whole; None where no target has a positive.
    """
    wide = shares.set_index("target")
    if wide["largest_imbalance"].isna().all():
        return None
    target = str(wide["largest_imbalance"].idxmax())
    parts = wide.loc[target].drop("largest_imbalance").to_dict()
    whole = parts.pop("whole")
    part = max(parts, key=lambda name: np.nan_to_num(abs(parts[name] - whole)))
    return target, str(part), float(parts[part]), float(whole)
