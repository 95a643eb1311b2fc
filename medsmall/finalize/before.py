"""What the runs of one arm tell about a final model: its score, its epoch, its validation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.evaluation.prior_shift import Shares
from medsmall.predict.facts import shares_of
from medsmall.record import Record
from medsmall.record.predicted import MEAN
from medsmall.report.arms import commonest_metric, studies
from medsmall.report.cells import cells_of
from medsmall.report.ledger import read_runs
from medsmall.targets import Targets


class Before(NamedTuple):
    """Of the runs of one arm and size.

    Attributes:
        records: the runs.
        score: ready for JSON: `metric`, `mean`, `low`, `high` (None without an interval, then with
            the reason), `runs` (keys), `train_images`, `people`, `folds`.
        epoch: the median of the epochs that validation chose; None if it chose none.
    """

    records: list[Record]
    score: dict[str, Any]
    epoch: int | None


def before(records: Sequence[Record], roots: Sequence[Path]) -> Before:
    """MedsmallError if the runs have no score in common."""
    keys = {record.key for record in records}
    runs, left_out = read_runs(list(roots), keys)
    if len(runs) < len(keys):
        where = ", ".join(map(str, roots))
        why = left_out[0] if left_out else f"not all of them lie below {where}"
        raise MedsmallError(f"These runs cannot be put together: {why}. Set output_root=...")
    study, *others = studies(runs, None)
    cells = cells_of(study, metric := commonest_metric(study.runs), MEAN)
    if others or len(cells) != 1:
        raise MedsmallError(
            "These runs have no score in common: select the runs of one arm and one size."
        )
    cell = cells[0]
    ends = cell.interval
    score = {
        "metric": metric,
        "mean": cell.mean,
        "low": ends.low if ends else None,
        "high": ends.high if ends else None,
        "no_interval": "" if ends else cell.reason,
        "train_images": cell.size,
        "people": study.people,
        "folds": study.is_kfold,
        "runs": sorted(keys),
    }
    chosen = [
        record.metrics["chosen_epoch"]
        for record in records
        if record.metrics.get("select_by", "last") != "last"
    ]
    return Before(list(records), score, int(np.median(chosen)) if chosen else None)


def sentence(score: dict[str, Any]) -> str:
    """The score in words."""
    ends = (
        f"[{score['low']:.3f}, {score['high']:.3f}]"
        if score["low"] is not None
        else f"(no interval: {score['no_interval']})"
    )
    many = len(score["runs"])
    of = f"{many} runs" if many > 1 else "one run"
    return (
        f"Test {score['metric']} before: {score['mean']:.3f} {ends}, of {of} with "
        f"{score['train_images']:,} training images each"
    )


def validation_of(records: Sequence[Record], targets: Targets, fit: np.ndarray) -> pd.DataFrame:
    """The validation images of all runs, predicted by networks that did not learn from them.

    As val_predictions.csv. Probabilities are moved from the shares that each run was fitted to to
    those of the final model, `fit` (K,), see `medsmall.evaluation.prior_shift`.
    """
    tables = []
    columns = [f"{targets.prefix}_{name}" for name in targets.names]
    for record in records:
        table = record.val_predictions
        own = shares_of(record, targets).fit
        moved = targets.corrected(table[columns].to_numpy(float), Shares(own, fit))
        if moved is not None:
            table[columns] = moved
        unit = str(record.metrics["unit"])
        table[unit] = f"{record.key}/" + table[unit].astype("str")  # each run has its own
        kept = dict.fromkeys(["image", "patient", unit, *targets.names, *columns])
        tables.append(table[[*kept]])
    return pd.concat(tables, ignore_index=True)
