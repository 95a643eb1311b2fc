"""Seconds that a cell will take, learned from finished cells and their numbers of images."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

# exponent of n where only one size is known: half way between scoring, which does not grow with n,
# and training, which does (50, 100, 200 films: networks took 14, 25, 41 s, probes 9, 10, 12)
GROWTH = 0.5


class Took(NamedTuple):
    """What a finished cell took."""

    arm: str
    n: int
    seconds: float


def expected(finished: Iterable[Took], arm: str, n: int) -> float | None:
    """Seconds of a cell of `arm` with `n` train images; None without any finished cell.

    A line start + each * n through the median of each size of the arm, neither below 0: else folds
    of 373 and 375 images, in 43 and 74 s, would make 15 s of each image. Where there is one size,
    its median times a power of n. An arm of which nothing is known costs what the others do.
    """
    took = list(finished)
    of_arm = [one for one in took if one.arm == arm] or took
    by_size = defaultdict(list)
    for one in of_arm:
        by_size[one.n].append(one.seconds)
    if not by_size:
        return None
    sizes = np.array(sorted(by_size), dtype=float)
    medians = np.array([np.median(by_size[int(size)]) for size in sizes])
    if len(sizes) == 1:
        return float(medians[0] * (n / sizes[0]) ** GROWTH)
    start, each = nnls(np.column_stack([np.ones_like(sizes), sizes]), medians)[0]
    return float(start + each * n)
