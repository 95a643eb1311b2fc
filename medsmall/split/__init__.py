"""Which images are for training, which for validation, which for the test: always by patient.

A split depends on the patients, on its own arguments and, where it is stratified, on the labels;
never on the order of the rows, so the same seed gives the same test patients to every run.
`check_disjoint` is the leakage gate: ``assign`` ends with it, also where the split is an official
one. `check_classes` says early that a part cannot be learnt from or scored.
"""

from typing import Protocol

import pandas as pd

from medsmall.split.by_patient import ByPatient
from medsmall.split.gate import PARTS, check_classes, check_disjoint, empty_classes, few_patients
from medsmall.split.kfold import KFold
from medsmall.split.official import Official
from medsmall.split.stratified import Stratified

__all__ = [
    "PARTS",
    "ByPatient",
    "KFold",
    "Official",
    "Split",
    "Stratified",
    "check_classes",
    "check_disjoint",
    "empty_classes",
    "few_patients",
]


class Split(Protocol):
    """What the rest of medsmall may ask of a split."""

    @property
    def published_test(self) -> bool:
        """Whether the test part is the data set's own, not of the split's making."""

    def assign(self, table: pd.DataFrame, targets: list[str]) -> pd.Series:
        """The part of every row of the sample table (one of PARTS), on the table's index."""
