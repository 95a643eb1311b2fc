"""The split that was published with the data set."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError, did_you_mean
from medsmall.split.by_patient import shuffled
from medsmall.split.gate import PARTS, check_patients, check_seed, finished


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
        check_seed(self.seed)
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
                    "loader, or set split=stratified."
                )
        unassigned = int((published == "").sum())
        if unassigned == len(table):
            raise MedsmallError("This data set has no official split: set split=stratified.")
        if unassigned:
            raise MedsmallError(
                f"The official split says nothing about {unassigned} of {len(table)} images: "
                "remove them from the sample table, or set split=stratified."
            )

        check_patients(table)
        part = published.to_numpy(dtype=object).copy()
        undivided = part == "train_val"
        order = shuffled(table.loc[undivided, "patient"], self.seed)
        val_patients = order[: round(self.val_fraction * len(order))]
        in_val = table["patient"].isin(val_patients).to_numpy()
        part[undivided] = np.where(in_val[undivided], "val", "train")
        return finished(part, table, "set split=stratified")
