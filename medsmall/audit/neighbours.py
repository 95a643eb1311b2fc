"""Pairs of similar hashes: every pair is compared, in blocks."""

from collections.abc import Callable, Iterator

import numpy as np

ROWS, COLUMNS = 32, 4096  # of a block, whose 1 MB of differences fits the processor's cache


def close_pairs(
    left: np.ndarray,
    right: np.ndarray | None,
    radius: int,
    tell: Callable[[int], object] = lambda rows: None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs (i, j) of rows of `left` and `right` whose hashes differ in at most `radius` bits.

    The hashes are uint64 (N, W) and (M, W). Without `right`, pairs i < j within `left`. The pairs
    come in small groups, int64 each, at most ROWS x COLUMNS at once. `tell` is called with the
    number of rows of `left` that are done. 112,120 hashes of 256 bits take about 10 s on one core.
    """
    columns = np.ascontiguousarray((left if right is None else right).T)
    room = np.empty((ROWS, COLUMNS), dtype=np.uint64)
    for top in range(0, len(left), ROWS):
        rows = left[top : top + ROWS]
        for start in range(top if right is None else 0, columns.shape[1], COLUMNS):
            block = columns[:, start : start + COLUMNS]
            differing = room[: len(rows), : block.shape[1]]
            distance = np.zeros(differing.shape, dtype=np.uint16)
            for word in range(len(columns)):
                np.bitwise_xor(rows[:, word, None], block[word], out=differing)
                distance += np.bitwise_count(differing)
            i, j = np.nonzero(distance <= radius)
            i, j = i + top, j + start
            if right is None:
                i, j = i[i < j], j[i < j]
            if len(i):
                yield i, j
        tell(len(rows))


def distances(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Differing bits of each row of `left` and `right`, uint64 (N, W) both: int64 (N,)."""
    return np.bitwise_count(left ^ right).sum(axis=1, dtype=np.int64)
