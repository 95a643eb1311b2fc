"""A test as questions of yes or no: each finding, or each class against the rest."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medsmall.evaluate.judged import Test
from medsmall.evaluation.calibration_error import of_called
from medsmall.evaluation.influence import Codes, Floats
from medsmall.evaluation.measured import Measured
from medsmall.task import Task

MOST = 6  # questions that are drawn; tables have all

__all__ = ["MOST", "Question", "certain", "of", "row", "shown"]


class Question(NamedTuple):
    """Labels `y` (U,), 1, 0 or NaN unknown, probabilities, calls, and the patient of each unit.

    `called` is None without a threshold; `k` is the place of the target.
    """

    name: str
    k: int
    y: Floats
    prob: Floats
    called: NDArray[np.bool_] | None
    patient: Codes


def of(test: Test, prob: Floats | None = None) -> list[Question]:
    """Those of a test, by its probabilities or other ones `prob` (U, K); none of numbers."""
    if test.targets.task is Task.REGRESSION:
        return []
    prob = test.prob if prob is None else prob
    called = test.called
    return [
        Question(name, k, test.y[:, k], prob[:, k], _calls(called, k), test.patient)
        for k, name in enumerate(test.targets.names)
    ]  # fmt: skip


def _calls(called: Floats | None, k: int) -> NDArray[np.bool_] | None:
    """Those of target `k`; None without a threshold."""
    if called is None or np.isnan(called[:, k]).any():
        return None
    return np.asarray(called[:, k] == 1)


def certain(test: Test, prob: Floats | None = None) -> list[Question]:
    """Whose probability should mean what it says: findings, or that the class called is right."""
    prob = test.prob if prob is None else prob
    if test.targets.task is not Task.MULTICLASS:
        return of(test, prob)
    y, p = of_called(test.y, prob)
    return [Question("the class called is right", 0, y, p, None, test.patient)]


def shown(data: pd.DataFrame, decimals: int = 3) -> pd.DataFrame:
    """The same for people: a number and the ends of its interval in one cell."""
    found = data.copy()
    for name in data.columns:
        if f"{name} low" not in data:
            continue
        found[name] = [
            _text(*ends, decimals)
            for ends in zip(data[name], data[f"{name} low"], data[f"{name} high"], strict=True)
        ]
        found = found.drop(columns=[f"{name} low", f"{name} high"])
    return found


def _text(value: float | None, low: float | None, high: float | None, decimals: int) -> str:
    if value is None or np.isnan(value):
        return "–"
    ends = "" if low is None or np.isnan(low) else f" [{low:.{decimals}f}, {high:.{decimals}f}]"
    return f"{value:.{decimals}f}{ends}"


def row(name: str, found: Measured) -> dict[str, float | str | None]:
    """A number for a table: itself and the ends of its interval."""
    low, high = found.interval or (None, None)
    return {name: found.value, f"{name} low": low, f"{name} high": high}
