"""Which labelled images of the split one run may see: the label budget.

A sample size is any object with ``draw(table, split, targets, task) -> pd.DataFrame``, one row per
image of the run: `image`, `patient`, `part` ("train", "val", "test") and the targets (1, 0, NaN =
unknown).

A draw is the beginning of one random order of the pool, so draws are nested (n=50 is inside
n=100) within a seed and repeat, and equal for all strategies and pretraining sources: comparisons
are paired. The order of the table's rows has no say. Images whose targets are all unknown are
left out. The test part is always complete: a budget limits what is learnt, not how it is scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.split import PARTS, empty_classes
from medsmall.task import Task


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
        _check_arguments(self.n, self.val, self.repeat, self.seed)
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

    def draw(
        self, table: pd.DataFrame, split: pd.Series, targets: list[str], task: Task
    ) -> pd.DataFrame:
        """Rows of the run, in the order train, val, test (see the module's docstring).

        Raises MedsmallError where the pool is too small or where the draw lacks a class (binary,
        multiclass); a multilabel draw needs one target with both labels, as rare ones may be
        missing from any small draw.
        """
        pools = _pools(table, split, targets, task)
        n = len(pools["train"]) if self.n is None else self.n
        if self.fraction is not None:
            n = round(self.fraction * n)
        n_val = len(pools["val"]) if self.val is None else self.val
        rng_key = (self.seed, self.repeat)
        train = _take({"images": pools["train"]}, [n], "train", rng_key, self.oversample)
        val = _take({"images": pools["val"]}, [n_val], "val", rng_key, oversample=False)
        return _joined(train, val, pools["test"], targets, task)


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
        _check_arguments(self.n, self.val, self.repeat, self.seed)
        if not 0 < self.positive_fraction < 1:
            raise MedsmallError(
                f"sample_size.positive_fraction={self.positive_fraction} leaves a class empty: "
                "choose a value between 0 and 1, such as 0.5."
            )

    def draw(
        self, table: pd.DataFrame, split: pd.Series, targets: list[str], task: Task
    ) -> pd.DataFrame:
        """Rows of the run, in the order train (class by class), val, test.

        Raises MedsmallError where a class has too few images and for several targets that are
        not exclusive, which cannot be balanced together.
        """
        if task in (Task.MULTILABEL, Task.REGRESSION):
            raise MedsmallError(
                f"sample_size=balanced needs one binary target or exclusive classes, but the task "
                f"is {task} (targets: {', '.join(targets)}): set sample_size=natural."
            )
        pools = _pools(table, split, targets, task)
        train, val = (_by_class(pools[part], targets) for part in ("train", "val"))
        shares = (
            _binary_shares(train, self.n, self.positive_fraction)
            if len(targets) == 1
            else _equal_shares(train, self.n)
        )
        rng_key = (self.seed, self.repeat)
        return _joined(
            _take(train, shares, "train", rng_key, self.oversample),
            _take(val, _equal_shares(val, self.val), "val", rng_key, oversample=False),
            pools["test"],
            targets,
            task,
        )


def labels_used(draw: pd.DataFrame) -> int:
    """The label budget a draw spends: different images in train and val."""
    return int(draw.loc[draw["part"] != "test", "image"].nunique())


def _pools(
    table: pd.DataFrame, split: pd.Series, targets: list[str], task: Task
) -> dict[str, pd.DataFrame]:
    """Rows of each part with a known label, sorted by image."""
    if table["image"].duplicated().any():
        twice = table.loc[table["image"].duplicated(), "image"].iloc[0]
        raise MedsmallError(f"Image {twice} is in the sample table twice: keep one of the rows.")
    known = table[targets].notna().any(axis=1)
    pool = table.assign(part=split).loc[known, ["image", "patient", "part", *targets]]
    if task is Task.MULTICLASS:
        wrong = (pool[targets] == 1).sum(axis=1) != 1
        if wrong.any():
            raise MedsmallError(
                f"{int(wrong.sum())} images, such as {pool.loc[wrong, 'image'].iloc[0]}, have no "
                "class or several among exclusive targets: correct the sample table."
            )
    pool = pool.sort_values("image", ignore_index=True)
    pools = {part: pool[pool["part"] == part] for part in PARTS}
    for part, rows in pools.items():
        if rows.empty:
            raise MedsmallError(
                f"The {part} part of the split has no image with a known label of "
                f"{', '.join(targets)}: set another split or other targets."
            )
    return pools


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


def _take(
    classes: dict[str, pd.DataFrame],
    shares: Sequence[int],
    part: str,
    rng_key: tuple[int, int],
    oversample: bool,
) -> pd.DataFrame:
    """The first `shares` rows of one random order per class."""
    taken = []
    for index, (rows, share) in enumerate(zip(classes.values(), shares, strict=True)):
        if share > len(rows) and not (oversample and len(rows)):
            raise MedsmallError(_too_few(classes, shares, part))
        rng = np.random.default_rng([*rng_key, PARTS.index(part), index])
        order = rng.permutation(len(rows))
        if share > len(rows):
            again = rng.integers(len(rows), size=share - len(rows))
            order = np.concatenate([order, again])
        taken.append(rows.iloc[order[:share]])
    return pd.concat(taken)


def _too_few(classes: dict[str, pd.DataFrame], shares: Sequence[int], part: str) -> str:
    have = ", ".join(f"{len(rows)} {name}" for name, rows in classes.items())
    want = ", ".join(f"{share} {name}" for name, share in zip(classes, shares, strict=True))
    option = "sample_size.n" if part == "train" else "sample_size.val"
    remedy = f"set a smaller {option}"
    if part == "train" and all(map(len, classes.values())):
        remedy += ", or sample_size.oversample=true to draw the deficit with replacement"
    return f"{option}={sum(shares)} needs {want}, but the {part} part has {have}: {remedy}."


def _joined(
    train: pd.DataFrame,
    val: pd.DataFrame,
    test: pd.DataFrame,
    targets: list[str],
    task: Task,
) -> pd.DataFrame:
    for part, rows in (("train", train), ("val", val)):
        empty = empty_classes(rows, targets, task)
        multilabel = task is Task.MULTILABEL
        if empty and (not multilabel or len(empty) == len(targets)):
            target, missing = next(iter(empty.items()))
            raise MedsmallError(
                f"The {part} draw of {len(rows)} images has {missing} (target {target}): set "
                f"{'sample_size.n' if part == 'train' else 'sample_size.val'} larger, "
                f"{'' if multilabel else 'sample_size=balanced, '}another sample_size.repeat, "
                "or another split.seed."
            )
    return pd.concat([train, val, test], ignore_index=True)


def _check_arguments(n: int | None, val: int | None, repeat: int, seed: int) -> None:
    for name, size in (("n", n), ("val", val)):
        if size is not None and size < 2:
            raise MedsmallError(
                f"sample_size.{name}={size} is too small to hold two classes: choose 2 or more."
            )
    for name, number in (("repeat", repeat), ("seed", seed)):
        if number < 0:
            raise MedsmallError(f"sample_size.{name}={number} is negative: choose 0 or more.")
