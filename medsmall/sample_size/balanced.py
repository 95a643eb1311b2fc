"""A draw with a fixed share of each class."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.sample_size.budget import check_arguments, train_size, val_size
from medsmall.sample_size.pools import Pools, by_class, check_classes, joined, take

LEAST = 2  # images of each class in val


@dataclass(frozen=True)
class Balanced:
    """`n` images with a fixed share of each class: one binary target, or exclusive classes.

    Binary: int(n * `positive_fraction`) positives, the rest negatives (Romero et al., Medical
    Physics 2020). Exclusive classes: n // K each, one more for the first of them until n is
    reached. `fraction` (0 to 1) refers to the largest such draw of the train part; `n` and
    `fraction` both None: that draw itself. `val` images always have equal shares, so that arms with
    different `positive_fraction` are validated on the same images. None: a quarter as many as for
    training, with at least 2 of each class if the rarest class has them; "all": the whole rarest
    class and as many of each other class, as in the paper. `repeat` 0, 1, 2, ... are independent
    draws. With `oversample`, a class that runs out is filled up with images drawn again, with
    replacement (as in the paper).
    """

    n: int | None = 200
    fraction: float | None = None
    val: int | Literal["all"] | None = None
    repeat: int = 0
    seed: int = 42
    oversample: bool = False
    positive_fraction: float = 0.5

    def __post_init__(self) -> None:
        check_arguments(self.n, self.fraction, self.val, self.repeat, self.seed)
        if not 0 < self.positive_fraction < 1:
            raise MedsmallError(
                f"sample_size.positive_fraction={self.positive_fraction} leaves a class empty: "
                "choose a value between 0 and 1, such as 0.5."
            )

    def draw(self, pools: Pools) -> pd.DataFrame:
        """See `medsmall.sample_size.SampleSize`; train comes class by class.

        Raises MedsmallError where a class has too few images and for several targets that are
        not exclusive, which cannot be balanced together.
        """
        check_classes(pools, "balanced")
        train, val = (by_class(rows, pools.targets) for rows in (pools.train, pools.val))
        val = {
            name: rows for name, rows in val.items() if len(rows)
        }  # the gate reports the other ones
        binary = len(pools.targets) == 1
        shares = [1 - self.positive_fraction, self.positive_fraction] if binary else None
        n = train_size(self.n, self.fraction, _most(train, shares))
        most_val = _most(val, None)
        n_val = val_size(self.val, n, most_val, least=LEAST * len(val))
        rng_key = (self.seed, self.repeat)
        return joined(
            take(train, _counts(train, n, shares), "train", rng_key, self.oversample),
            take(val, _counts(val, n_val, None), "val", rng_key, oversample=False),
            pools,
        )


def _most(classes: dict[str, pd.DataFrame], shares: list[float] | None) -> int:
    """The largest draw without a repetition; `shares` None: equal ones."""
    sizes = list(map(len, classes.values()))
    if shares is None:
        return min(sizes) * len(sizes)
    return int(min(size / share for size, share in zip(sizes, shares, strict=True)))


def _counts(classes: dict[str, pd.DataFrame], n: int, shares: list[float] | None) -> list[int]:
    """Images of each class that make up n: [negatives, positives], or equal ones, rest first."""
    if shares is None:
        each, rest = divmod(n, len(classes))
        return [each + (index < rest) for index in range(len(classes))]
    # 0.29 * 100 is 28.999999999999996: the small term makes it 29
    positives = int(n * shares[1] + 1e-9)
    return [n - positives, positives]
