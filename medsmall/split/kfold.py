"""Cross-validation: the patients in folds, each the test part of one run."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.split.gate import check_patients, check_seed, finished
from medsmall.split.stratified import divide


@dataclass(frozen=True)
class KFold:
    """The patients in `folds` folds of similar size and prevalence; `fold` is the test part.

    Over fold 0 to `folds` - 1 every image is in exactly one test part. Of the other folds' images
    `val` (a share of all images) are for validation, with the prevalence of the whole too, and
    the rest for training. `stratify_by` as in `Stratified`.
    """

    published_test: ClassVar[bool] = False

    fold: int = 0
    folds: int = 5
    val: float = 0.1
    stratify_by: list[str] | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if self.folds < 2:
            raise MedsmallError(f"split.folds={self.folds} is too few: choose 2 or more.")
        if not 0 <= self.fold < self.folds:
            raise MedsmallError(
                f"split.fold={self.fold} is not one of the {self.folds} folds: choose 0 to "
                f"{self.folds - 1}, or a larger split.folds."
            )
        learnt = 1 - 1 / self.folds
        if not 0 < self.val < learnt - 1e-9:
            raise MedsmallError(
                f"split.val={self.val} leaves train or val without a patient: choose a share above "
                f"0 and below {learnt:.3g} (the images outside the test fold), such as 0.1."
            )

    def assign(self, table: pd.DataFrame, targets: list[str]) -> pd.Series:
        """Part of every row (str, index of `table`).

        Raises MedsmallError where a part gets no patient and for an unknown column.
        """
        check_patients(table)
        patients = table["patient"].nunique()
        if self.folds > patients:
            raise MedsmallError(
                f"split.folds={self.folds} is more than the {patients} patients: set fewer."
            )
        columns = targets if self.stratify_by is None else list(self.stratify_by)
        part = np.full(len(table), "train", dtype=object)
        test = divide(table, columns, [1.0] * self.folds, [self.seed, 0]) == self.fold
        train = 1 - 1 / self.folds - self.val
        val = divide(table[~test], columns, [train, self.val], [self.seed, 1, self.fold]) == 1
        part[test] = "test"
        part[np.flatnonzero(~test)[val]] = "val"
        return finished(part, table, "set fewer split.folds, or a larger split.val")
