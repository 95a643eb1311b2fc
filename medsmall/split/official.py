"""The split published with the data set."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError, did_you_mean
from medsmall.split.gate import PARTS, check_patients, check_seed, finished
from medsmall.split.stratified import divide


@dataclass(frozen=True)
class Official:
    """The split published with the data set (column `split` of the sample table).

    "train", "val" and "test" are kept as published. The patients marked "train_val" are divided:
    a share `val_fraction` (0 to 1, of the images) goes to val, the rest to train, stratified by all
    labels of the release whatever the targets, as in `medsmall.split.Stratified`. At random, val
    would get 4 to 24 of the 141 films with a hernia in ChestX-ray14's train_val.
    """

    published_test: ClassVar[bool] = True

    val_fraction: float = 0.1
    seed: int = 42

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if not 0 < self.val_fraction < 1:
            raise MedsmallError(
                f"split.val_fraction={self.val_fraction} leaves train or val without a patient: "
                "choose a fraction between 0 and 1, such as 0.1."
            )

    def assign(self, table: pd.DataFrame, targets: list[str]) -> pd.Series:
        """Part of every row (str, index of `table`); `targets` have no influence.

        Raises MedsmallError where there is no official split, where it is incomplete or lacks a
        part, and where a patient is in two parts.
        """
        published = table["split"].fillna("")
        for value in published.unique():
            if value not in (*PARTS, "train_val", ""):
                raise MedsmallError(
                    f"The column split of the sample table holds {value!r}"
                    f"{did_you_mean(str(value), (*PARTS, 'train_val'))}: correct the data set's "
                    "loader, or set split=stratified."
                )
        unassigned = int((published == "").sum())
        if unassigned == len(table):
            raise MedsmallError("This data set has no official split: set split=stratified.")
        if unassigned:
            raise MedsmallError(
                f"The official split does not cover {unassigned} of {len(table)} images: "
                "remove them from the sample table, or set split=stratified."
            )

        check_patients(table)
        part = published.to_numpy(dtype=object).copy()
        undivided = part == "train_val"
        shares = [1 - self.val_fraction, self.val_fraction]
        labels = _labels(table)
        rows = labels.assign(patient=table["patient"])[undivided]
        in_val = divide(rows, labels.columns.tolist(), shares, [self.seed, 1]) == 1
        part[undivided] = np.where(in_val, "val", "train")
        return finished(part, table, "set split=stratified")


def _labels(table: pd.DataFrame) -> pd.DataFrame:
    """All columns of binary labels (1, 0 or NaN; float64), whether targets or not.

    Otherwise, weights learnt for one target would have seen validation patients of another. In
    people's own tables, columns that are not targets are text. Labels that depend on a setting,
    such as classes of a column or uncertain labels, follow that setting.
    """
    others = table.drop(
        columns=["image", "patient", "split", "age", "sex", "view"], errors="ignore"
    )
    numbers = others.apply(pd.to_numeric, errors="coerce").astype(float)
    told = others.notna() & (others.astype(str) != "")
    yes_or_no = [name for name in others if numbers.loc[told[name], name].isin([0, 1]).all()]
    return numbers[[name for name in yes_or_no if numbers[name].notna().any()]]
