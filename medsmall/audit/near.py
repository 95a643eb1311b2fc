"""Near duplicates: one image saved again, rescaled, or with other brightness or contrast."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.audit.calibration import RADIUS, Calibration, calibrate
from medsmall.audit.findings import across_parts, findings
from medsmall.audit.identical import same
from medsmall.audit.neighbours import close_pairs
from medsmall.audit.similarity import Similarity, thumbnail
from medsmall.terminal import progress_bar

if TYPE_CHECKING:
    from medsmall.cache import Prepared


def near_duplicates(
    prepared: "Prepared", rows: pd.DataFrame, identical: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray, Calibration]:
    """Findings, their pairs of rows as int64 (P, 2), and the calibration of the threshold.

    Images of the same patient are not compared: follow-ups are alike. Pairs that are `identical`
    (int64 (Q, 2)) are left out. `value` is the correlation.
    """
    patient = rows["patient"].to_numpy(dtype=object)
    a, b, value, calibration = copies(prepared, patient, np.arange(len(rows)))
    # equal when resized, but not at full resolution: one was saved again or rescaled
    listed = {frozenset(pair) for pair in identical.tolist()}
    alike = [
        (i, j)
        for group in same([row.tobytes() for row in prepared.digests])
        for i, j in pairwise(group)
        if frozenset((i, j)) not in listed and patient[i] != patient[j]
    ]
    index = np.concatenate([np.array(alike, dtype=np.int64).reshape(-1, 2), np.stack([a, b], 1)])
    value = np.concatenate([np.ones(len(alike)), value])
    first, second = rows.iloc[index[:, 0]], rows.iloc[index[:, 1]]
    severity = across_parts(first, second)
    words = [f"the same image changed a little (correlation {r:.3f})" for r in value]
    return findings("near_duplicates", severity, words, first, second, value), index, calibration


def copies(
    prepared: "Prepared",
    patients: np.ndarray,
    left: np.ndarray,
    right: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Calibration]:
    """Near duplicates of different patients between two sets of rows, or within one.

    Of images with equal pixels only the first is compared. Returns the rows (int64), their
    correlations (float32) and the calibration. `patients` (str) are those of all N images of
    `prepared`; `left` and `right` are rows of it.
    """
    codes = codes_of(prepared.digests)
    patient = pd.factorize(patients)[0]
    left = _distinct(left, codes)
    other = left if right is None else _distinct(right, codes)
    similarity = Similarity(lambda row: thumbnail(prepared.pixels(row)), len(prepared.images))
    both = _distinct(np.union1d(left, other), codes)
    compared = _pairs_to_compare(patient[left], None if right is None else patient[other])
    calibration = calibrate(similarity, prepared.hashes, patient, both, compared)

    found = [(left[:0], left[:0], np.zeros(0, dtype=np.float32))]
    hashes = prepared.hashes
    others = None if right is None else hashes[other]
    with progress_bar() as bar:
        task = bar.add_task("Comparing images", total=len(left), note="")
        for i, j in close_pairs(
            hashes[left], others, RADIUS, tell=lambda done: bar.advance(task, done)
        ):
            a, b = left[i], other[j]
            asked = (patient[a] != patient[b]) & (codes[a] != codes[b])
            a, b = a[asked], b[asked]
            value = similarity.correlations(a, b)
            near = value >= calibration.threshold
            found.append((a[near], b[near], value[near]))
    a, b, value = (np.concatenate(column) for column in zip(*found, strict=True))
    return a, b, value, calibration


def codes_of(digests: np.ndarray) -> np.ndarray:
    """A number for each digest (uint8 (N, 16)), equal for equal ones: int64 (N,)."""
    keys = np.ascontiguousarray(digests).view("S16").ravel()
    return np.unique(keys, return_inverse=True)[1].reshape(-1)


def _distinct(rows: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The first of `rows` with each code."""
    return rows[np.sort(np.unique(codes[rows], return_index=True)[1])]


def _pairs_to_compare(left: np.ndarray, right: np.ndarray | None) -> int:
    """How many pairs of images of different patients there are within `left`, or between both."""
    own = pd.Series(left).value_counts()
    if right is None:
        return (len(left) ** 2 - int((own**2).sum())) // 2
    others = pd.Series(right).value_counts()
    return len(left) * len(right) - int(own.mul(others, fill_value=0).sum())
