"""Which images are for training, which for validation, which for the test: always by patient.

A split is any object with ``assign(table, targets) -> pd.Series``: "train", "val" or "test" for
every row of the sample table, on the table's index, and with ``published_test: bool``, whether its
test part is not of its own making. It depends on the patients and on its own
arguments only, never on the order of the rows, so the same seed gives the same test patients to
every run. `check_disjoint` is the leakage gate: ``assign`` ends with it, also where the split is
an official one. `check_classes` says early that a part cannot be learnt from or scored.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError, did_you_mean

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Official:
    """The split published with the data set (column `split` of the sample table).

    "train", "val" and "test" are kept as published. The patients marked "train_val" are divided:
    a share `val_fraction` (0 to 1, of the patients, rounded) goes to val, the rest to train.
    """

    published_test: ClassVar[bool] = True

    val_fraction: float = 0.1
    seed: int = 42

    def __post_init__(self) -> None:
        _check_seed(self.seed)
        if not 0 < self.val_fraction < 1:
            raise MedsmallError(
                f"split.val_fraction={self.val_fraction} leaves train or val without a patient: "
                "choose a fraction between 0 and 1, such as 0.1."
            )

    def assign(self, table: pd.DataFrame, targets: list[str]) -> pd.Series:
        """Part of every row (str, index of `table`); `targets` (columns) have no influence.

        Raises MedsmallError where there is no official split, where it is incomplete or lacks a
        part, and where a patient is in two parts.
        """
        published = table["split"].fillna("")
        for value in published.unique():
            if value not in (*PARTS, "train_val", ""):
                raise MedsmallError(
                    f"The column split of the sample table holds {value!r}"
                    f"{did_you_mean(str(value), (*PARTS, 'train_val'))}: correct the data set's "
                    "loader, or set split=by_patient."
                )
        unassigned = int((published == "").sum())
        if unassigned == len(table):
            raise MedsmallError("This data set has no official split: set split=by_patient.")
        if unassigned:
            raise MedsmallError(
                f"The official split says nothing about {unassigned} of {len(table)} images: "
                "remove them from the sample table, or set split=by_patient."
            )

        _check_patients(table)
        part = published.to_numpy(dtype=object).copy()
        undivided = part == "train_val"
        order = _shuffled(table.loc[undivided, "patient"], self.seed)
        val_patients = order[: round(self.val_fraction * len(order))]
        in_val = table["patient"].isin(val_patients).to_numpy()
        part[undivided] = np.where(in_val[undivided], "val", "train")
        return _finished(part, table, "set split=by_patient")


@dataclass(frozen=True)
class ByPatient:
    """A random split of the patients: `train`, `val` and `test` are shares that sum to 1."""

    published_test: ClassVar[bool] = False

    train: float = 0.7
    val: float = 0.1
    test: float = 0.2
    seed: int = 42

    def __post_init__(self) -> None:
        _check_seed(self.seed)
        shares = (self.train, self.val, self.test)
        if not (min(shares) > 0 and abs(sum(shares) - 1) < 1e-6):
            raise MedsmallError(
                f"split.train={self.train}, split.val={self.val} and split.test={self.test} must "
                f"all be above 0 and sum to 1, not {sum(shares):g}: try 0.7, 0.1 and 0.2."
            )

    def assign(self, table: pd.DataFrame, targets: list[str]) -> pd.Series:
        """Part of every row (str, index of `table`); `targets` (columns) have no influence.

        val and test get their shares of the patients, rounded; train gets the rest. Raises
        MedsmallError where a part gets no patient.
        """
        _check_patients(table)
        order = _shuffled(table["patient"], self.seed)
        n_test, n_val = round(self.test * len(order)), round(self.val * len(order))
        # Test first: the test patients stay the same when only train and val are traded.
        part_of = pd.Series("train", index=pd.Index(order, dtype=object), dtype=object)
        part_of.iloc[:n_test] = "test"
        part_of.iloc[n_test : n_test + n_val] = "val"
        part = table["patient"].astype(object).map(part_of).to_numpy(dtype=object)
        return _finished(part, table, "raise its share (split.train, split.val or split.test)")


def check_disjoint(table: pd.DataFrame, split: pd.Series) -> None:
    """The leakage gate: MedsmallError if a patient has images in two parts of `split`."""
    pairs = pd.DataFrame({"patient": table["patient"], "part": split}).drop_duplicates()
    leaked = sorted(pairs.loc[pairs["patient"].duplicated(), "patient"].unique())
    if leaked:
        named = ", ".join(leaked[:3]) + (", ..." if len(leaked) > 3 else "")
        raise MedsmallError(
            f"{len(leaked)} patient(s) have images in more than one part of the split ({named}), "
            "so the test would score patients the network has seen: set split=by_patient."
        )


def check_classes(
    table: pd.DataFrame,
    split: pd.Series,
    targets: list[str],
    exclusive: bool,
    published_test: bool = False,
) -> list[str]:
    """MedsmallError if a part of `split` lacks a class that it needs.

    One binary target needs a positive and a negative in each of train, val and test; exclusive
    classes (multiclass) need an image of every class in each. Several non-exclusive targets
    (multilabel) need both labels of every target in train only: in val and test the metrics of
    that target are null with the reason, as long as the part has any known label. So are those of
    a `published_test`, which is as it is (a partial download, say): what it lacks is returned,
    one sentence each, for the user to know before the training.
    """
    notices = []
    for part in PARTS:
        rows = table.loc[split == part, targets]
        empty = empty_classes(rows, targets, exclusive)
        multilabel = len(targets) > 1 and not exclusive
        if multilabel and part != "train" and rows.notna().any(axis=None):
            continue
        for target, missing in empty.items():
            if part == "test" and published_test:
                notices.append(
                    f"The official test part has {missing} (target {target}): metrics that need "
                    "both classes will be undefined; split=by_patient makes another test part."
                )
                continue
            raise MedsmallError(
                f"The {part} part of the split has {missing} (target {target}): set another "
                "split.seed, another split (split=by_patient, split=official) or other "
                "dataset.targets."
            )
    return notices


def empty_classes(rows: pd.DataFrame, targets: list[str], exclusive: bool) -> dict[str, str]:
    """What is missing, by target: ``{"Hernia": "no positive among 12 known labels"}``.

    `rows` holds the columns `targets` (1, 0, NaN = unknown). Exclusive classes need an image
    each; every other target needs a positive and a negative. Raises MedsmallError on any other
    value, such as the -1 of an uncertain label.
    """
    one_hot = exclusive and len(targets) > 1
    empty = {}
    for target in targets:
        known = rows[target].dropna()
        if not known.isin([0, 1]).all():
            raise MedsmallError(
                f"Target {target} holds {known[~known.isin([0, 1])].iloc[0]:g}, where a class "
                "is 1, 0 or unknown (empty): choose in the data set what this value stands for."
            )
        values = (1,) if one_hot else (1, 0)
        missing = [("negative", "positive")[v] for v in values if not (known == v).any()]
        if missing:
            empty[target] = f"no {' and no '.join(missing)} among {len(known)} known labels"
    return empty


def _shuffled(patients: pd.Series, seed: int) -> np.ndarray:
    # Sorted first, so that the order of the rows has no say.
    return np.random.default_rng(seed).permutation(np.array(sorted(patients.unique()), object))


def _finished(part: np.ndarray, table: pd.DataFrame, remedy: str) -> pd.Series:
    for name in PARTS:
        if not (part == name).any():
            raise MedsmallError(f"The {name} part of the split gets no patient: {remedy}.")
    split = pd.Series(part, index=table.index, name="split", dtype="str")
    check_disjoint(table, split)
    return split


def _check_patients(table: pd.DataFrame) -> None:
    missing = int((table["patient"].isna() | (table["patient"] == "")).sum())
    if missing:
        raise MedsmallError(
            f"{missing} of {len(table)} images name no patient in the sample table: fill the "
            "column patient in (with the image's own name where each patient has one image)."
        )


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise MedsmallError(f"split.seed={seed} is negative: choose 0 or more.")
