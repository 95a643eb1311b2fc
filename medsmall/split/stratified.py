"""A split of the patients in which every part has the prevalence of the whole, for every target."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from medsmall.split.allocation import allocate
from medsmall.split.gate import check_patients, check_seed, check_shares, finished
from medsmall.split.strata import strata

# The cost of a deviation: of a part's number of images, its number of patients, the number of
# positives of one target, and the prevalence of one target. Chosen on simulated tables with
# patients of very different size, where the four conflict. A value that FEW patients hold must not
# be missing from a part for the sake of the other quantities.
SIZE, PATIENTS, POSITIVES, PREVALENCE = 3.0, 0.1, 0.5, 1.0
HOLDERS, FEW = 3.0, 12


@dataclass(frozen=True)
class Stratified:
    """Like `ByPatient`, with the prevalence of every target in each part close to the whole.

    `train`, `val` and `test` are shares of the images that sum to 1. `stratify_by` names the
    columns of the sample table to balance, labels or metadata such as `sex` and `view`; None: the
    targets of the run. Another choice of them is another split, and other test patients: name the
    columns where runs with different targets are to share a test part.
    """

    published_test: ClassVar[bool] = False

    train: float = 0.7
    val: float = 0.1
    test: float = 0.2
    stratify_by: list[str] | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_shares(self.train, self.val, self.test)

    def assign(self, table: pd.DataFrame, targets: list[str]) -> pd.Series:
        """Part of every row (str, index of `table`).

        Raises MedsmallError where a part gets no patient and for an unknown column.
        """
        check_patients(table)
        columns = targets if self.stratify_by is None else list(self.stratify_by)
        part = np.full(len(table), "train", dtype=object)
        # Test first: the test patients stay the same when only train and val are traded.
        test = divide(table, columns, [1 - self.test, self.test], [self.seed, 0]) == 1
        val = divide(table[~test], columns, [self.train, self.val], [self.seed, 1]) == 1
        part[test] = "test"
        part[np.flatnonzero(~test)[val]] = "val"
        return finished(part, table, "raise its share (split.train, split.val or split.test)")


def divide(
    table: pd.DataFrame, columns: list[str], shares: list[float], seed: list[int]
) -> np.ndarray:
    """The part (int, 0 to M - 1) of every row: whole patients, alike in all `columns`.

    `shares` (M) are of the images, whatever their sum. A label's prevalence is that among its
    known rows, and its rarer value is the one that is placed. If a label has fewer patients than
    its share of the smallest part needs, each part should get one of them while they last, larger
    parts first.
    """
    if table.empty:
        return np.zeros(0, dtype=int)
    share = np.array(shares) / sum(shares)
    group, patients = pd.factorize(table["patient"].astype(object), sort=True)
    quantities = _quantities(group, len(patients), strata(table, columns), share)
    content, goal, cost = (np.column_stack(item) for item in zip(*quantities, strict=True))
    weight = cost / np.maximum(goal, share[:, None])
    part = allocate(content, goal, weight, share, np.random.default_rng(seed))
    return part[group]


def _quantities(
    group: np.ndarray, patients: int, labels: np.ndarray, share: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each quantity: what the patients hold, what the parts should, what missing it costs.

    `group` (rows,) is each row's patient, `labels` (rows, strata) 1, 0 or NaN; yields (patients,),
    (parts,) and a scalar array.
    """
    every = np.full(patients, 1 / patients)
    images = np.bincount(group) / len(group)
    yield images, _goal(share, images), np.array(SIZE)
    yield every, _goal(share, every), np.array(PATIENTS)
    for label in labels.T:
        known = np.bincount(group, weights=~np.isnan(label))
        positive = np.bincount(group, weights=label == 1)
        if known.any() and not np.array_equal(known / known.sum(), images):
            yield known / known.sum(), share, np.array(POSITIVES)
        for of_value in (positive, known - positive):
            holders = np.count_nonzero(of_value)
            if 0 < holders <= FEW:
                each = (of_value > 0) / holders
                yield each, _goal(share, each), np.array(HOLDERS)
        rarer = min(positive.sum(), known.sum() - positive.sum())
        if rarer == 0:
            continue
        held = (positive if positive.sum() == rarer else known - positive) / rarer
        known = known / known.sum()
        goal = _goal(share, held)
        yield held, goal, np.array(POSITIVES)
        # The relative deviation of a part's prevalence, times the part's size.
        yield held - known, goal - share, np.array(PREVALENCE)


def _goal(share: np.ndarray, held: np.ndarray) -> np.ndarray:
    """What the parts (M) should have of something that the patients hold (G, summing to 1)."""
    holders = np.count_nonzero(held)
    goal = np.maximum(share, 1 / holders)
    if holders < len(share):
        goal[share < np.sort(share)[-holders]] = 0
    return goal / goal.sum()
