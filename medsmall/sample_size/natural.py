"""A draw at the prevalence of the data set."""

from dataclasses import dataclass

import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.sample_size.pools import Pools, check_arguments, joined, take


@dataclass(frozen=True)
class Natural:
    """The first `n` images, or `fraction` (0 to 1) of them, at the prevalence of the data set.

    `n` and `fraction` both None: all of them. `val` images are drawn for validation likewise,
    None: the whole val part. `repeat` 0, 1, 2, ... are independent draws. With `oversample`, an
    `n` beyond the train part is filled up with images drawn again, with replacement.
    """

    n: int | None = 200
    fraction: float | None = None
    val: int | None = None
    repeat: int = 0
    seed: int = 42
    oversample: bool = False

    def __post_init__(self) -> None:
        check_arguments(self.n, self.val, self.repeat, self.seed)
        if self.repeat and self.n is None and self.fraction is None and self.val is None:
            raise MedsmallError(
                f"sample_size.repeat={self.repeat} of a draw of all images is the same draw again: "
                "sweep seed, that of the training, instead."
            )
        if self.n is not None and self.fraction is not None:
            raise MedsmallError(
                f"sample_size.n={self.n} and sample_size.fraction={self.fraction} are both set: "
                "set sample_size.n=null to use the fraction."
            )
        if self.fraction is not None and not 0 < self.fraction <= 1:
            raise MedsmallError(
                f"sample_size.fraction={self.fraction} is not above 0 and at most 1: "
                "give the share of the train part, such as 0.1."
            )

    def draw(self, pools: Pools) -> pd.DataFrame:
        """See `medsmall.sample_size.SampleSize`.

        Raises MedsmallError where the pool is too small or where the draw lacks a class (binary,
        multiclass); a multilabel draw needs one target with both labels, as rare ones may be
        missing from any small draw.
        """
        n = len(pools.train) if self.n is None else self.n
        if self.fraction is not None:
            n = round(self.fraction * n)
        n_val = len(pools.val) if self.val is None else self.val
        rng_key = (self.seed, self.repeat)
        train = take({"images": pools.train}, [n], "train", rng_key, self.oversample)
        val = take({"images": pools.val}, [n_val], "val", rng_key, oversample=False)
        return joined(train, val, pools)
