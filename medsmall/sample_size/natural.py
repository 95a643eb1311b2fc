"""A draw at the prevalence of the data set."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from medsmall.sample_size.budget import check_arguments, train_size, val_size
from medsmall.sample_size.pools import Pools, joined, take


@dataclass(frozen=True)
class Natural:
    """`n` images, or a `fraction` (0 to 1) of the train part, at the prevalence of the data set.

    `n` and `fraction` both None: all of them. `val` images are drawn for validation likewise;
    None: a quarter as many as for training, "all": the whole val part. `repeat` 0, 1, 2, ... are
    independent draws. With `oversample`, an `n` beyond the train part is filled up with images
    drawn again, with replacement.
    """

    n: int | None = 200
    fraction: float | None = None
    val: int | Literal["all"] | None = None
    repeat: int = 0
    seed: int = 42
    oversample: bool = False

    def __post_init__(self) -> None:
        check_arguments(self.n, self.fraction, self.val, self.repeat, self.seed)

    def draw(self, pools: Pools) -> pd.DataFrame:
        """See `medsmall.sample_size.SampleSize`.

        Raises MedsmallError where the pool is too small, and where a binary draw has one class.
        """
        n = train_size(self.n, self.fraction, len(pools.train))
        n_val = val_size(self.val, n, len(pools.val))
        rng_key = (self.seed, self.repeat)
        train = take({"images": pools.train}, [n], "train", rng_key, self.oversample)
        val = take({"images": pools.val}, [n_val], "val", rng_key, oversample=False)
        return joined(train, val, pools)
