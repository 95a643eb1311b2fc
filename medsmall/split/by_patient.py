"""A random split of the patients."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from medsmall.split.gate import check_patients, check_seed, check_shares, finished


@dataclass(frozen=True)
class ByPatient:
    """A random split of the patients: `train`, `val` and `test` are shares that sum to 1."""

    published_test: ClassVar[bool] = False

    train: float = 0.7
    val: float = 0.1
    test: float = 0.2
    seed: int = 42

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_shares(self.train, self.val, self.test)

    def assign(self, table: pd.DataFrame, targets: list[str]) -> pd.Series:
        """Part of every row (str, index of `table`); `targets` (columns) have no influence.

        val and test get their shares of the patients, rounded; train gets the rest. Raises
        MedsmallError where a part gets no patient.
        """
        check_patients(table)
        order = shuffled(table["patient"], self.seed)
        n_test, n_val = round(self.test * len(order)), round(self.val * len(order))
        # Test first: the test patients stay the same when only train and val are traded.
        part_of = pd.Series("train", index=pd.Index(order, dtype=object), dtype=object)
        part_of.iloc[:n_test] = "test"
        part_of.iloc[n_test : n_test + n_val] = "val"
        part = table["patient"].astype(object).map(part_of).to_numpy(dtype=object)
        return finished(part, table, "raise its share (split.train, split.val or split.test)")


def shuffled(patients: pd.Series, seed: int) -> np.ndarray:
    """The different patients (object) in a random order, whatever the order of the rows."""
    return np.random.default_rng(seed).permutation(np.array(sorted(patients.unique()), object))
