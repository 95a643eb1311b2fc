"""Patient-level splits into train, val and test.

A split depends on the patients, on its own arguments and, where it is stratified, on the labels;
never on the order of the rows, so the same seed gives the same test patients to every run.
`check_disjoint` is the leakage gate: ``assign`` ends with it, also for an official split.
`check_classes` reports early that a part cannot be used for training or scoring.
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
    """The interface of a split."""

    @property
    def published_test(self) -> bool:
        """Whether the test part is the published one."""

    def assign(self, table: pd.DataFrame, targets: list[str]) -> pd.Series:
        """The part of every row of the sample table (one of PARTS), on the table's index."""
