"""A draw with a fixed share of each class."""

from dataclasses import dataclass

import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.sample_size.pools import Pools, check_arguments, joined, take
from medsmall.task import Task


@dataclass(frozen=True)
class Balanced:
    """`n` images with a fixed share of each class: one binary target, or exclusive classes.

    Binary: int(n * `positive_fraction`) positives, the rest negatives (Romero et al., Medical
    Physics 2020). Exclusive classes: n // K each, one more for the first of them until n is
    reached. `n` None: the largest such draw of the train part. `val` images are drawn with equal
    shares whatever `positive_fraction` is, so that arms that differ in it are selected on the
    same images; None: the whole smallest class and as many of each other one, as in the paper.
    `repeat` 0, 1, 2, ... are independent draws. With `oversample`, a class that runs out is
    filled up with images drawn again, with replacement (as in the paper).
    """

    n: int | None = 200
    val: int | None = None
    repeat: int = 0
    seed: int = 42
    oversample: bool = False
    positive_fraction: float = 0.5

    def __post_init__(self) -> None:
        check_arguments(self.n, self.val, self.repeat, self.seed)
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
        targets = pools.targets
        if pools.task in (Task.MULTILABEL, Task.REGRESSION):
            raise MedsmallError(
                f"sample_size=balanced needs one binary target or exclusive classes, but the task "
                f"is {pools.task} (targets: {', '.join(targets)}): set sample_size=natural."
            )
        train, val = (_by_class(rows, targets) for rows in (pools.train, pools.val))
        shares = (
            _binary_shares(train, self.n, self.positive_fraction)
            if len(targets) == 1
            else _equal_shares(train, self.n)
        )
        rng_key = (self.seed, self.repeat)
        return joined(
            take(train, shares, "train", rng_key, self.oversample),
            take(val, _equal_shares(val, self.val), "val", rng_key, oversample=False),
            pools,
        )


def _by_class(pool: pd.DataFrame, targets: list[str]) -> dict[str, pd.DataFrame]:
    if len(targets) > 1:
        return {f"{target} images": pool[pool[target] == 1] for target in targets}
    (target,) = targets
    return {
        f"{target} negatives": pool[pool[target] == 0],
        f"{target} positives": pool[pool[target] == 1],
    }


def _binary_shares(
    classes: dict[str, pd.DataFrame], n: int | None, positive_fraction: float
) -> list[int]:
    """Negatives and positives that make up n; n None: the largest n without a repetition."""
    if n is None:
        negatives, positives = map(len, classes.values())
        n = int(min(negatives / (1 - positive_fraction), positives / positive_fraction))
    # 0.29 * 100 is 28.999999999999996: the small term keeps the 29 that is meant.
    positives = int(n * positive_fraction + 1e-9)
    return [n - positives, positives]


def _equal_shares(classes: dict[str, pd.DataFrame], n: int | None) -> list[int]:
    """Each class n // K times, the rest to the first; n None: the smallest class, K times."""
    smallest = min(map(len, classes.values()))
    each, rest = (smallest, 0) if n is None else divmod(n, len(classes))
    return [each + (index < rest) for index in range(len(classes))]
