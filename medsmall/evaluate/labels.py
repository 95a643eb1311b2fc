"""Labels of another data set in the place of a run's targets."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from medsmall.dataset import Dataset
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.targets import Targets
from medsmall.task import Task
from medsmall.terminal import say

ABSENT = "none"  # labels.<class>=none: the other data set has no such images


def mapped(
    dataset: Dataset, table: pd.DataFrame, targets: Targets, given: Mapping[str, str]
) -> pd.DataFrame:
    """The sample `table` with a column for each target; rows without a known label are left out.

    `given` says which label of the data set a target is; others go by the same name. MedsmallError
    where a target has no label, or values that do not fit its task.
    """
    labels = [name for name in dataset.labels if name in table]
    for target in given.keys() - {*targets.names}:
        raise MedsmallError(
            f"labels.{target}: the run has no such target{did_you_mean(target, targets.names)}."
        )
    found = {}
    for target in targets.names:
        label = given.get(target, target)
        if label == ABSENT and targets.task is Task.MULTICLASS:
            found[target] = np.zeros(len(table))
            continue
        if label not in labels:
            raise MedsmallError(
                f"{dataset.name} has no label {label}: say which of its labels is the target "
                f"{target} of the run, with labels.{target}=...{did_you_mean(label, labels)}."
            )
        found[target] = table[label].to_numpy(float)
    values = pd.DataFrame(found, index=table.index)
    _check(values, dataset.name, targets)
    kept = values.notna().any(axis=1)
    if targets.task is Task.MULTICLASS:
        kept = values.sum(axis=1) == 1
    if not kept.any():
        raise MedsmallError(f"No image of {dataset.name} has a known label of these targets.")
    if away := int((~kept).sum()):
        say(
            f"{dataset.name}: {away:,} of {len(table):,} images, without such labels, are left out."
        )
    rest = table.drop(columns=[name for name in targets.names if name in table])
    return pd.concat([rest[kept], values[kept]], axis=1).reset_index(drop=True)


def _check(values: pd.DataFrame, name: str, targets: Targets) -> None:
    if targets.task is Task.REGRESSION:
        return
    for target, column in values.items():
        if not set(column.dropna()) <= {0.0, 1.0}:
            raise MedsmallError(
                f"The label for {target} in {name} has other values than 0 and 1: name one that "
                "says whether it is there."
            )
