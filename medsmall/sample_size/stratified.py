"""A draw at the prevalence of the data set without missing classes."""

from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from typing import Literal

import pandas as pd

from medsmall.sample_size.budget import check_arguments, train_size, val_size
from medsmall.sample_size.pools import Pools, by_class, check_classes, joined, take

LEAST = 2  # images of each class, in train and in val


@dataclass(frozen=True)
class Stratified:
    """`n` images, or a `fraction` of the train part, with each class at its share of the pool.

    For one binary target or exclusive classes. Each class gets at least 2 images, or all it has;
    the rest are allotted by the method of Sainte-Laguë, so that a larger n never has fewer images
    of a class. `val` is drawn in the same way: None: a quarter as many images as for training, at
    least 2 of each class; "all": the whole val part. `repeat` 0, 1, 2, ... are independent draws.
    """

    n: int | None = 200
    fraction: float | None = None
    val: int | Literal["all"] | None = None
    repeat: int = 0
    seed: int = 42

    def __post_init__(self) -> None:
        check_arguments(self.n, self.fraction, self.val, self.repeat, self.seed)

    def draw(self, pools: Pools) -> pd.DataFrame:
        """See `medsmall.sample_size.SampleSize`; train comes class by class.

        Raises MedsmallError where the pool is too small, and for several targets that are not
        exclusive.
        """
        check_classes(pools, "stratified")
        train, val = (by_class(rows, pools.targets) for rows in (pools.train, pools.val))
        n = train_size(self.n, self.fraction, len(pools.train))
        n_val = val_size(self.val, n, len(pools.val), least=LEAST * len(val))
        rng_key = (self.seed, self.repeat)
        return joined(
            take(train, shares(list(map(len, train.values())), n), "train", rng_key, False),
            take(val, shares(list(map(len, val.values())), n_val), "val", rng_key, False),
            pools,
        )


def shares(sizes: list[int], n: int) -> list[int]:
    """How many of `n` images each class of `sizes` images gives; no count falls as n grows.

    Each class first gives LEAST images, in turn, if it has them. Then one image at a time goes to
    the class with the largest size / (2 * given + 1), the lower index in a tie (Sainte-Laguë;
    Balinski
    and Young, Fair Representation, 1982: only divisor methods never take an image back).
    """
    given = [0] * len(sizes)
    for least in range(1, LEAST + 1):
        for k, size in enumerate(sizes):
            given[k] += size >= least > given[k] and sum(given) < n
    claims = [
        (-size / (2 * g + 1), k) for k, (size, g) in enumerate(zip(sizes, given, strict=True))
    ]
    heapify(claims := [(claim, k) for claim, k in claims if given[k] < sizes[k]])
    for _ in range(n - sum(given)):
        if not claims:  # there are no more: the last class is asked for too many
            given[-1] += n - sum(given)
            break
        _, k = claims[0]
        given[k] += 1
        if given[k] < sizes[k]:
            heapreplace(claims, (-sizes[k] / (2 * given[k] + 1), k))
        else:
            heappop(claims)
    return given
