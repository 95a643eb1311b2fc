"""Patients, ages, sexes and other columns of a sample table: pure functions from table to table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from medsmall.dataset.own.cell_words import parsed
from medsmall.explore.labels import in_order
from medsmall.task import Task

# Larger counts share a bar: patients with many images are few.
IMAGES_PER_PATIENT = {
    "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6 to 10": 6, "11 to 20": 11, "21 to 50": 21,
    "51 to 100": 51, "101+": 101,
}  # fmt: skip
MOST_CATEGORIES = 30


def per_patient(table: pd.DataFrame) -> pd.DataFrame:
    """How many patients have how many `images` (a range): `patients` and their `share`."""
    bins, edges = list(IMAGES_PER_PATIENT), [*IMAGES_PER_PATIENT.values(), np.inf]
    sizes = table["patient"].value_counts()
    counts = pd.cut(sizes, edges, right=False, labels=bins).value_counts(sort=False)
    found = pd.DataFrame({"images": bins, "patients": counts.to_numpy()})
    found["share"] = found["patients"] / max(1, len(sizes))
    occurring = found.index[found["patients"] > 0]
    return found[occurring.min() : occurring.max() + 1]


def age_and_sex(table: pd.DataFrame, groups: dict[str, pd.Series]) -> pd.DataFrame:
    """Age in years and sex per group of images (name -> bool on the table's index).

    Columns `group`, `images`, `age_known`, `quartile_1`, `median`, `quartile_3` (years),
    `female`, `male`, `sex_unknown`, `female_share` of the images of known sex.
    """
    rows = []
    for name, inside in groups.items():
        group = table[inside]
        age, sex = column(group, "age").astype("float64").dropna(), column(group, "sex")
        female, male = int((sex == "F").sum()), int((sex == "M").sum())
        rows.append(
            {
                "group": name,
                "images": len(group),
                "age_known": len(age),
                **{f"quartile_{q}": age.quantile(q / 4) for q in (1, 2, 3)},
                "female": female,
                "male": male,
                "sex_unknown": len(group) - female - male,
                "female_share": female / (female + male) if female + male else np.nan,
            }
        )
    return pd.DataFrame(rows).rename(columns={"quartile_2": "median"})


def positives_and_negatives(table: pd.DataFrame, targets: Sequence[str]) -> dict[str, pd.Series]:
    """For every target its positives and its negatives, as groups for `age_and_sex`."""
    groups = {}
    for target in targets:
        groups[target] = table[target] == 1
        groups[f"not {target}"] = table[target] == 0
    return groups


def column(table: pd.DataFrame, name: str) -> pd.Series:
    """A metadata column; unknown throughout where the table has none of this name."""
    return table[name] if name in table else pd.Series(np.nan, index=table.index)


def known(values: pd.Series) -> pd.Series:
    """Where a metadata column says anything: neither NaN nor empty."""
    return values.notna() & (values.astype("str").str.strip() != "")


def columns(table: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    """What each column that is no label holds: `column`, `known`, `unknown`, `different`, `values`.

    `values` names the most frequent values, or the range of numbers.
    """
    rows = []
    for name in table.columns:
        if name in targets:
            continue
        said = table[name][known(table[name])]
        numbers = pd.api.types.is_numeric_dtype(said) and not said.empty
        if numbers:
            values = f"{said.min():g} to {said.max():g}"
        elif said.is_unique:
            values = f"{said.iloc[0]}, …" if len(said) else ""
        else:
            values = ", ".join(f"{v} ({n:,})" for v, n in said.value_counts().head(5).items())
        rows.append(
            {
                "column": name,
                "known": len(said),
                "unknown": len(table) - len(said),
                "different": said.nunique(),
                "values": values,
            }
        )
    return pd.DataFrame(rows)


def with_numbers(table: pd.DataFrame, others: Sequence[str]) -> pd.DataFrame:
    """`table` with text that is a measurement as float64: numbers with decimals, or many of them.

    Few different whole numbers may be codes and stay text, as do the columns of the contract and
    `others`. Decimal commas are read where they are clear.
    """
    own = {"image", "patient", "split", "age", "sex", "view", *others}
    measured = {}
    for name in table.columns.difference(list(own), sort=False):
        if pd.api.types.is_numeric_dtype(table[name]):
            continue
        cells = table[name][known(table[name])].astype("str").str.strip().str.lower()
        numbers = parsed(cells)
        decimals = bool((numbers % 1 != 0).any())
        if len(cells) and numbers.notna().all() and (decimals or cells.nunique() > MOST_CATEGORIES):
            measured[name] = numbers.reindex(table.index)
    return table.assign(**measured)


def categorical(table: pd.DataFrame, others: Sequence[str]) -> list[str]:
    """The columns worth bars: text or yes/no with 2 to 30 values, such as body_part or view.

    Labels and what tells studies or images apart are no such; `others` names them. Nor is a
    column that tells nearly every image apart.
    """
    own = {"image", "patient", "split", "age", *others}
    most = min(MOST_CATEGORIES, len(table) // 2)
    return [
        name
        for name in table.columns
        if name not in own
        and (not pd.api.types.is_numeric_dtype(table[name]) or table[name].dtype == bool)
        and 2 <= table[name][known(table[name])].nunique() <= most
    ]


def by_category(
    table: pd.DataFrame, name: str, part: pd.Series, targets: Sequence[str], task: Task
) -> pd.DataFrame:
    """Images per value of the column `name` and part, and the mean of each target there.

    Columns `name`, `split`, `images`, `patients`, then "mean <target>", which for 1 and 0 is the
    prevalence among the known; for a binary task also "positive", "negative" and "unknown". The
    most frequent value comes first; rows that say nothing are "unknown".
    """
    values = table[name].astype("str").where(known(table[name]), "unknown")
    rows = []
    for value in values.value_counts().index:
        for part_name in in_order(part):
            group = table[(values == value) & (part == part_name)]
            row = {name: value, "split": part_name, "images": len(group)}
            row["patients"] = group["patient"].nunique()
            if task is Task.BINARY:
                only = group[targets[0]]
                row["positive"] = int((only == 1).sum())
                row["negative"] = int((only == 0).sum())
                row["unknown"] = int(only.isna().sum())
            row |= {f"mean {target}": group[target].mean() for target in targets}
            rows.append(row)
    return pd.DataFrame(rows)
