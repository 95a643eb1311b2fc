"""The test set of a record, and its scores with the influence of each patient."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError, did_you_mean
from medsmall.evaluation import scored
from medsmall.evaluation.influence import Codes, Floats, Score
from medsmall.evaluation.intervals import PSEUDO_PATIENTS, too_few
from medsmall.record.record import Record
from medsmall.targets import Targets, targets_of
from medsmall.task import Task

MEAN = "mean"  # instead of a target: the mean over all of them


@dataclass(frozen=True)
class Predicted:
    """Labels and predictions (U, K) of the scored units, and the patient of each.

    `patients` (G,) are the names behind the codes `patient` (U,); `identity` is the same for
    records that were tested on the same units with the same labels, `predictions` for those that
    predict the same.
    """

    record: Record
    metrics: dict[str, Any] = field(repr=False)
    targets: Targets
    y: Floats
    predicted: Floats
    patient: Codes
    patients: np.ndarray
    identity: str
    predictions: str

    @classmethod
    def of(cls, record: Record) -> "Predicted":
        """That of a record; MedsmallError if its predictions are damaged."""
        table, metrics = record.predictions, record.metrics
        unit = str(metrics["unit"])
        targets = targets_of(list(metrics["test"]["targets"]), Task(metrics["task"]))
        columns = [f"{targets.prefix}_{name}" for name in targets.names]
        lacking = {*targets.names, *columns, unit} - {*table}
        if lacking:
            raise record.damaged("predictions.csv", f"has no column {sorted(lacking)[0]}")
        if table[columns].isna().any(axis=None):
            raise record.damaged("predictions.csv", "holds NaN instead of a prediction")
        units = table[unit].astype("str").to_numpy()
        y, predicted = targets.per_unit(table[targets.names].to_numpy(np.float64),
                                        table[columns].to_numpy(np.float64), units)  # fmt: skip
        names = table["patient"].groupby(units).first()  # sorted by unit, as y is
        patients, patient = np.unique(names.to_numpy(str), return_inverse=True)
        rows = pd.DataFrame(y).assign(unit=names.index, patient=names.to_numpy())
        hashed = pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes()
        identity, same = (hashlib.sha256(one).hexdigest() for one in (hashed, predicted.tobytes()))
        return cls(record, metrics, targets, y, predicted, patient, patients, identity, same)


def score(test: Predicted, metric: str, target: str = MEAN) -> Score | None:
    """The `metric` of one target, or the mean over targets; None if it is undefined.

    The mean is over the targets that the test set has enough labels of. MedsmallError for an
    unknown metric or target, and if the predictions no longer give what metrics.json says.
    """
    names, recorded = test.targets.names, test.metrics["test"]
    if target != MEAN and target not in names:
        raise MedsmallError(
            f"{test.metrics['name']} has no target {target}{did_you_mean(target, names)}."
        )
    if metric in test.targets.overall and target == MEAN:
        found = _of_all(test, metric)
        _agree(test, metric, found, recorded.get(metric))
        return found
    scores = {}
    for name in [target] if target != MEAN else names:
        found = _of_one(test, metric, names.index(name))
        _agree(test, metric, found, recorded["targets"][name].get(metric))
        if found is not None:
            scores[name] = found
    enough = [one for one in scores.values() if not too_few(one)]
    return mean_score(enough or list(scores.values()))


def mean_score(each: Sequence[Score | None]) -> Score | None:
    """The mean of scores of one test set; None without any, or if one is undefined."""
    scores = [one for one in each if one is not None]
    if not scores or len(scores) < len(each):
        return None
    chances = [one.chance for one in scores if one.chance is not None]
    return Score(
        float(np.mean([one.value for one in scores])),
        np.mean([one.influence for one in scores], axis=0),
        _effective([one.patients for one in scores]),
        float(np.mean(chances)) if chances else None,
    )


def _effective(patients: Sequence[int]) -> int:
    """The number that adds to a mean as much as half a patient of each target (`intervals`).

    The fewest would make the interval of 14 targets that of the rarest alone.
    """
    extra = PSEUDO_PATIENTS
    share = float(np.mean([extra / (one + extra) for one in patients]))
    return max(round(extra / share - extra), min(patients))


def _of_one(test: Predicted, metric: str, k: int) -> Score | None:
    y, predicted, g = test.y[:, k], test.predicted[:, k], len(test.patients)
    if test.targets.task is Task.REGRESSION:
        if metric not in scored.OF_QUANTITY:
            raise _unknown(metric, scored.OF_QUANTITY)
        return scored.of_quantity(metric, y, predicted, test.patient, g)
    known = {**scored.OF_CALLS, **scored.AREAS}
    if metric not in known:
        raise _unknown(metric, {**known, **test.targets.overall})
    called = None
    if test.targets.task is Task.MULTICLASS:
        called = test.predicted.argmax(axis=1) == k
    else:
        threshold = test.metrics["test"]["targets"][test.targets.names[k]].get("threshold")
        if threshold is not None:
            called = predicted >= threshold
    return scored.of_finding(metric, y, predicted, called, test.patient, g)


def _of_all(test: Predicted, metric: str) -> Score | None:
    known = ~np.isnan(test.y).any(axis=1)
    true, called = test.y[known].argmax(axis=1), test.predicted[known].argmax(axis=1)
    k, g = test.y.shape[1], len(test.patients)
    return scored.of_classes(metric, true, called, k, test.patient[known], g)


def _agree(test: Predicted, metric: str, found: Score | None, recorded: float | None) -> None:
    """MedsmallError where the predictions and metrics.json say different things."""
    if found is None or recorded is None:
        return
    if not np.isclose(found.value, recorded, rtol=1e-6, atol=1e-9):
        raise test.record.damaged(
            "predictions.csv", f"gives {metric} {found.value:.4f}, metrics.json says {recorded:.4f}"
        )


def _unknown(metric: str, known: Iterable[str]) -> MedsmallError:
    return MedsmallError(
        f"There is no metric {metric} of this task{did_you_mean(metric, known)}: there are "
        f"{', '.join(known)}."
    )
