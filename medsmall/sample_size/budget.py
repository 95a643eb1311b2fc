"""The number of images of a draw, from `n`, `fraction` and `val` of the options."""

import math
from typing import Literal

from medsmall.errors import MedsmallError

Val = int | Literal["all"] | None
VAL_SHARE = 4  # train images per validation image, if `val` is not given


def check_arguments(
    n: int | None, fraction: float | None, val: Val, repeat: int, seed: int
) -> None:
    """MedsmallError for sizes below 2, fractions out of range and numbers below 0."""
    for name, size in (("n", n), ("val", val)):
        if isinstance(size, int) and size < 2:
            raise MedsmallError(
                f"sample_size.{name}={size} is too small for two classes: choose 2 or more."
            )
    if n is not None and fraction is not None:
        raise MedsmallError(
            f"sample_size.n={n} and sample_size.fraction={fraction} are both set: set one of "
            "them to null."
        )
    if fraction is not None and not 0 < fraction <= 1:
        raise MedsmallError(
            f"sample_size.fraction={fraction} must be above 0 and at most 1: give the share of "
            "the train part, such as 0.1."
        )
    for name, number in (("repeat", repeat), ("seed", seed)):
        if number < 0:
            raise MedsmallError(f"sample_size.{name}={number} is negative: choose 0 or more.")


def train_size(n: int | None, fraction: float | None, most: int) -> int:
    """The images to train on, out of at most `most`: `n`, or a `fraction` of them, or all."""
    if fraction is None:
        return most if n is None else n
    size = round(fraction * most)
    if size < 2:
        raise MedsmallError(
            f"sample_size.fraction={fraction} of {most} images is {size}, too few for two "
            "classes: choose a larger fraction."
        )
    return size


def val_size(val: Val, train: int, most: int, least: int = 2) -> int:
    """The images to validate on, out of at most `most`.

    If `val` is None, one for every VAL_SHARE `train` images, rounded up, and at least `least`:
    labels for validation count too. A very small validation set chooses no epoch, see
    `medsmall.targets.Targets.can_choose`.
    """
    if val is None:
        return min(most, max(least, math.ceil(train / VAL_SHARE)))
    return most if val == "all" else val
