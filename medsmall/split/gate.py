"""Checks of every split: whole patients, no empty part, no missing class."""

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.task import Task

FEW_PATIENTS = 20
PARTS = ("train", "val", "test")


def check_disjoint(table: pd.DataFrame, split: pd.Series) -> None:
    """The leakage gate: MedsmallError if a patient has images in two parts of `split`."""
    pairs = pd.DataFrame({"patient": table["patient"], "part": split}).drop_duplicates()
    leaked = sorted(pairs.loc[pairs["patient"].duplicated(), "patient"].unique())
    if leaked:
        named = ", ".join(leaked[:3]) + (", ..." if len(leaked) > 3 else "")
        raise MedsmallError(
            f"{len(leaked)} patient(s) have images in more than one part of the split ({named}): "
            "the test set is contaminated; set split=stratified or split=by_patient."
        )


def few_patients(table: pd.DataFrame) -> list[str]:
    """A notice, in a list, if there are too few patients for similar parts."""
    patients = table["patient"].nunique()
    if patients >= FEW_PATIENTS:
        return []
    return [
        f"There are only {patients} patients: the parts of the split differ by chance, and "
        "another split.seed may give very different results."
    ]


def check_classes(
    table: pd.DataFrame,
    split: pd.Series,
    targets: list[str],
    task: Task,
    published_test: bool = False,
) -> list[str]:
    """MedsmallError if a part of `split` lacks a class that it needs.

    One binary target needs a positive and a negative in each of train, val and test; exclusive
    classes (multiclass) need images of two of them in each. Several non-exclusive targets
    (multilabel) need both labels of every target in train only: in val and test the metrics of
    that target are null with the reason, if the part has any known label. The same holds for a
    `published_test`, which cannot be changed (a partial download, say). Classes that a published
    test or a part of several classes lacks are returned, one sentence each, to be shown before the
    training.
    """
    notices = []
    for part in PARTS:
        rows = table.loc[split == part, targets]
        empty = empty_classes(rows, targets, task)
        if task is Task.MULTILABEL and part != "train" and rows.notna().any(axis=None):
            continue
        if task is Task.MULTICLASS and 0 < len(empty) <= len(targets) - 2:
            absent = ", ".join([*list(empty)[:5], *(["..."] if len(empty) > 5 else [])])
            notices.append(
                f"The {part} part of the split has no image of {absent}: it cannot be "
                f"{'learnt' if part == 'train' else 'scored'} there."
            )
            continue
        for target, missing in empty.items():
            if part == "test" and published_test:
                notices.append(
                    f"The official test part has {missing} (target {target}): metrics that need "
                    "both classes will be undefined; split=stratified makes a new test part."
                )
                continue
            raise MedsmallError(
                f"The {part} part of the split has {missing} (target {target}"
                f"{_holders(table, target, task)}): set split=stratified, which distributes rare "
                "values, a larger share for that part, or other dataset.targets."
            )
    return notices


def _holders(table: pd.DataFrame, target: str, task: Task) -> str:
    """The number of patients with the rarer value: with fewer than parts, no split can work."""
    if task is Task.REGRESSION:
        return ""
    patients = [table.loc[table[target] == value, "patient"].nunique() for value in (0, 1)]
    return f", whose rarer value {min(patients)} patient(s) have"


def empty_classes(rows: pd.DataFrame, targets: list[str], task: Task) -> dict[str, str]:
    """What is missing, by target: ``{"Hernia": "no positive among 12 known labels"}``.

    `rows` holds the columns `targets` (1, 0, NaN = unknown). Exclusive classes need an image
    each; every other target needs a positive and a negative. Raises MedsmallError on any other
    value, such as the -1 of an uncertain label.
    """
    empty = {}
    for target in targets:
        known = rows[target].dropna()
        if task is Task.REGRESSION:
            if known.nunique() < 2:
                empty[target] = f"no two different values among {len(known)} known ones"
            continue
        if not known.isin([0, 1]).all():
            raise MedsmallError(
                f"Target {target} holds {known[~known.isin([0, 1])].iloc[0]:g}, where a class "
                "is 1, 0 or unknown (empty): define in the data set what this value means."
            )
        values = (1,) if task is Task.MULTICLASS else (1, 0)
        missing = [("negative", "positive")[v] for v in values if not (known == v).any()]
        if missing:
            empty[target] = f"no {' and no '.join(missing)} among {len(known)} known labels"
    return empty


def finished(part: np.ndarray, table: pd.DataFrame, remedy: str) -> pd.Series:
    """The parts (object, one of PARTS per row) as a split of `table`, after the leakage gate.

    Raises MedsmallError, with the `remedy`, where a part is empty.
    """
    for name in PARTS:
        if not (part == name).any():
            raise MedsmallError(f"The {name} part of the split gets no patient: {remedy}.")
    split = pd.Series(part, index=table.index, name="split", dtype="str")
    check_disjoint(table, split)
    return split


def check_patients(table: pd.DataFrame) -> None:
    """MedsmallError if an image names no patient."""
    missing = int((table["patient"].isna() | (table["patient"] == "")).sum())
    if missing:
        raise MedsmallError(
            f"{missing} of {len(table)} images have no patient in the sample table: fill in the "
            "column patient (with the image's own name where each patient has one image)."
        )


def check_seed(seed: int) -> None:
    """MedsmallError if the seed is negative."""
    if seed < 0:
        raise MedsmallError(f"split.seed={seed} is negative: choose 0 or more.")


def check_shares(train: float, val: float, test: float) -> None:
    """MedsmallError if a share is not above 0, or if they do not sum to 1."""
    shares = (train, val, test)
    if not (min(shares) > 0 and abs(sum(shares) - 1) < 1e-6):
        raise MedsmallError(
            f"split.train={train}, split.val={val} and split.test={test} must "
            f"all be above 0 and sum to 1, not {sum(shares):g}: try 0.7, 0.1 and 0.2."
        )
