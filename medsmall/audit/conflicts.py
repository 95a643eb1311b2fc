"""The same image with different labels."""

import numpy as np
import pandas as pd

from medsmall.audit.findings import findings


def conflicting_labels(
    rows: pd.DataFrame, labels: list[str], identical: np.ndarray, near: np.ndarray
) -> pd.DataFrame:
    """Pairs of identical images or near duplicates, int64 (P, 2) rows, whose known labels differ.

    `value` is the number of labels that differ.
    """
    pairs = np.concatenate([identical, near])
    first, second = rows.iloc[pairs[:, 0]], rows.iloc[pairs[:, 1]]
    a, b = first[labels].to_numpy(dtype=float), second[labels].to_numpy(dtype=float)
    differ = (a != b) & ~np.isnan(a) & ~np.isnan(b)
    some = np.flatnonzero(differ.any(axis=1))
    words = []
    for pair in some:
        kind = "identical" if pair < len(identical) else "nearly identical"
        both = [
            f"{labels[k]} {a[pair, k]:g} and {b[pair, k]:g}" for k in np.flatnonzero(differ[pair])
        ]
        words.append(f"{kind} images, but {', '.join(both)}")
    return findings(
        "conflicting_labels", "fault", words, first.iloc[some], second.iloc[some],
        differ.sum(axis=1)[some],
    )  # fmt: skip
