"""The share of positives, or of each class, in the population that probabilities are for."""

from collections.abc import Sequence

import numpy as np

from medsmall.errors import MedsmallError, did_you_mean
from medsmall.task import Task

Stated = float | dict[str, float] | None


def population(names: Sequence[str], task: Task, pool: np.ndarray, stated: Stated) -> np.ndarray:
    """Shares float64 (K,): those `stated`, else those of the labels `pool` (N, K).

    NaN for numbers. MedsmallError for shares that are none, or of other targets.
    """
    if stated is None:
        if task == Task.REGRESSION:
            return np.full(len(names), np.nan)
        known = (~np.isnan(pool)).sum(0)
        return np.where(known > 0, np.nansum(pool, axis=0) / np.maximum(known, 1), np.nan)
    if task == Task.REGRESSION:
        raise MedsmallError("prevalence has no meaning for numbers: leave it null.")
    if not isinstance(stated, dict):
        if len(names) > 1:
            raise MedsmallError(
                f"prevalence={stated:g} is for one finding, but there are {len(names)} targets: "
                f"write 'prevalence={{{names[0]}: {stated:g}, ...}}', a share for each."
            )
        stated = {names[0]: stated}
    for name in stated.keys() - {*names}:
        raise MedsmallError(f"prevalence names {name}, no target{did_you_mean(name, names)}.")
    if lacking := [name for name in names if name not in stated]:
        raise MedsmallError(
            f"prevalence has no share of {lacking[0]}: it needs one for each target."
        )
    shares = np.array([stated[name] for name in names], dtype=float)
    if not ((shares > 0) & (shares < 1)).all():
        raise MedsmallError(f"prevalence must lie between 0 and 1, but holds {shares.tolist()}.")
    if task == Task.MULTICLASS and abs(shares.sum() - 1) > 0.01:
        raise MedsmallError(
            f"The shares of prevalence sum to {shares.sum():.6g}: those of exclusive classes sum "
            "to 1."
        )
    return shares / shares.sum() if task == Task.MULTICLASS else shares
