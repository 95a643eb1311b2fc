"""Which images are for training, which for validation, which for the test: always by patient.

A split is any object with ``assign(table, targets) -> pd.Series``: "train", "val" or "test" for
every row of the sample table, on the table's index, and with ``published_test: bool``, whether its
test part is not of its own making. It depends on the patients, on its own arguments and, where it
is stratified, on the labels; never on the order of the rows, so the same seed gives the same test
patients to every run. `check_disjoint` is the leakage gate: ``assign`` ends with it, also where
the split is an official one. `check_classes` says early that a part cannot be learnt from or
scored.
"""

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
    "Stratified",
    "check_classes",
    "check_disjoint",
    "empty_classes",
    "few_patients",
]
