"""The pools for draws: the images of each part with known labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from medsmall.errors import BeyondPoolError, MedsmallError
from medsmall.split import PARTS, empty_classes
from medsmall.task import Task

SEEN = 10  # drawn images of a class from which on its share of the pool is known
LABELLED = ("train", "val")  # parts whose labels a run may use: its label budget


@dataclass(frozen=True)
class Pools:
    """Rows (`image`, `patient`, `part`, the targets) of each part, sorted by image."""

    train: pd.DataFrame
    val: pd.DataFrame
    test: pd.DataFrame
    targets: list[str]
    task: Task


def pools_of(table: pd.DataFrame, split: pd.Series, targets: list[str], task: Task) -> Pools:
    """The images of `table` with a known label, by their part of `split`.

    Raises MedsmallError if an image is in two rows, has several exclusive classes or none, or if a
    part is empty.
    """
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
                "or several of the exclusive classes: correct the sample table."
            )
    pool = pool.sort_values("image", ignore_index=True)
    pools = {part: pool[pool["part"] == part] for part in PARTS}
    for part, rows in pools.items():
        if rows.empty:
            raise MedsmallError(
                f"The {part} part of the split has no image with a known label of "
                f"{', '.join(targets)}: set another split or other targets."
            )
    return Pools(**pools, targets=targets, task=task)


def labels_used(draw: pd.DataFrame) -> int:
    """The label budget a draw spends: different images in train and val."""
    return int(draw.loc[draw["part"].isin(LABELLED), "image"].nunique())


def drawn_share(draw: pd.DataFrame, pools: Pools) -> float:
    """The share of the training pool that a draw holds: of all images, or of one class if larger.

    Draws of a pool overlap by this share. A class counts from SEEN drawn images on: a balanced draw
    takes most of a rare finding and little of the rest.
    """
    drawn = draw.loc[draw["part"] == "train"].drop_duplicates("image")
    shares = [len(drawn) / len(pools.train)]
    if pools.task is not Task.REGRESSION:
        for name in pools.targets:
            had = drawn[name].value_counts()
            had = had[had >= SEEN]
            shares += list(had / pools.train[name].value_counts()[had.index])
    return float(max(shares))


def take(
    classes: dict[str, pd.DataFrame],
    shares: Sequence[int],
    part: str,
    rng_key: tuple[int, int],
    oversample: bool,
) -> pd.DataFrame:
    """The first `shares` rows of a random order of each class, class by class.

    `rng_key` (seed, repeat) decides the order; with `oversample` a class that runs out is filled
    up with rows drawn again, else it is a MedsmallError.
    """
    taken = []
    for index, (rows, share) in enumerate(zip(classes.values(), shares, strict=True)):
        if share > len(rows) and not (oversample and len(rows)):
            raise BeyondPoolError(_too_few(classes, shares, part))
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
        remedy += ", or sample_size=natural" if len(classes) > 1 else ""
    return f"{option}={sum(shares)} needs {want}, but the {part} part has {have}: {remedy}."


def joined(train: pd.DataFrame, val: pd.DataFrame, pools: Pools) -> pd.DataFrame:
    """The draw, with the whole test part; MedsmallError if nothing can be learnt from it.

    This is a binary draw of one class, or a draw of several targets none of which has both labels.
    Notices list classes and findings missing from a small draw, see `notices_of`.
    """
    empty = empty_classes(train, pools.targets, pools.task)
    if len(empty) >= len(pools.targets) - (pools.task is Task.MULTICLASS):
        target, missing = next(iter(empty.items()))
        by_class = pools.task in (Task.BINARY, Task.MULTICLASS)
        option = "sample_size=stratified, " if by_class else ""
        raise MedsmallError(
            f"The train draw of {len(train)} images has {missing} (target {target}): set a "
            f"larger sample_size.n, {option}another sample_size.repeat, or another split.seed."
        )
    return pd.concat([train, val, pools.test], ignore_index=True)


def notices_of(draw: pd.DataFrame, pools: Pools) -> list[str]:
    """Notices about a draw before training, one sentence each."""
    train, val = (draw[draw["part"] == part] for part in LABELLED)
    notices = []
    if pools.task is not Task.REGRESSION:
        absent = list(empty_classes(train, pools.targets, pools.task))
        what = "classes" if pools.task is Task.MULTICLASS else "targets"
        if absent:
            notices.append(
                f"{len(absent)} of {len(pools.targets)} {what} cannot be learnt: the "
                f"{len(train):,} train images lack a positive or a negative of {named(absent)}."
            )
    if len(val) > len(train):
        notices.append(
            f"Validation takes {len(val):,} labelled images, training only {len(train):,}: set "
            "sample_size.val for fewer."
        )
    return notices


def named(names: list[str], most: int = 5) -> str:
    """The first of some names."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def by_class(pool: pd.DataFrame, targets: list[str]) -> dict[str, pd.DataFrame]:
    """The rows of each exclusive class, or the negatives and positives of one target."""
    if len(targets) > 1:
        return {f"{target} images": pool[pool[target] == 1] for target in targets}
    (target,) = targets
    return {
        f"{target} negatives": pool[pool[target] == 0],
        f"{target} positives": pool[pool[target] == 1],
    }


def check_classes(pools: Pools, option: str) -> None:
    """MedsmallError if sample_size=`option`, which draws class by class, has no classes."""
    if pools.task in (Task.MULTILABEL, Task.REGRESSION):
        raise MedsmallError(
            f"sample_size={option} needs one binary target or exclusive classes, but the task is "
            f"{pools.task} (targets: {named(pools.targets)}): set sample_size=natural."
        )
