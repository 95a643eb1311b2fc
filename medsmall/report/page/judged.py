"""Each scored unit of a test with its mean prediction: right or wrong, how far, how nearly."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from medsmall.evaluation.influence import Floats
from medsmall.record.predicted import Predicted
from medsmall.targets import Targets
from medsmall.task import Task


def judged(tests: Sequence[Predicted]) -> pd.DataFrame:
    """A row per scored unit (an image, a study): the mean prediction of the runs that tested it.

    `unit`, `patient` and its first `image`; `target`: what was judged; `actual` and `predicted` in
    words; `is_wrong`; `distance` from the truth; `margin` to being called otherwise.
    """
    targets, names = tests[0].targets, tests[0].targets.names
    every = pd.concat(map(_units, tests))
    text = dict.fromkeys(["patient", "image"], "first")
    numbers = dict.fromkeys(every.columns.drop(["unit", *text]), "mean")
    means = every.groupby("unit", sort=True).agg(text | numbers).reset_index()
    y, p, t = (means[[f"{what}{k}" for k in range(len(names))]].to_numpy(float) for what in "ypt")
    found = _OF[targets.task](targets, y, p, t)
    return pd.concat([means[["unit", "patient", "image"]], found], axis=1).dropna(subset="distance")


def _units(test: Predicted) -> pd.DataFrame:
    """Labels y0..., predictions p0... and thresholds t0... of the units of one run."""
    table, unit = test.record.predictions, str(test.metrics["unit"])
    units, first = np.unique(table[unit].astype("str").to_numpy(str), return_index=True)
    found = {"unit": units, "patient": test.patients[test.patient],
             "image": table["image"].to_numpy(str)[first]}  # fmt: skip
    for k, name in enumerate(test.targets.names):
        threshold = test.metrics["test"]["targets"][name].get("threshold")
        at = np.full(len(units), np.nan if threshold is None else threshold)
        found |= {f"y{k}": test.y[:, k], f"p{k}": test.predicted[:, k], f"t{k}": at}
    return pd.DataFrame(found)


def _findings(targets: Targets, y: Floats, p: Floats, t: Floats) -> pd.DataFrame:
    """Of each unit the target that is furthest from the truth, of those called wrongly if any."""
    t = np.where(np.isnan(t), 0.5, t)
    away = np.where(np.isnan(y), -1.0, np.abs(p - y))
    wrong = ((p >= t) != (y == 1)) & ~np.isnan(y)
    k = np.argmax(away + 2 * wrong, axis=1)
    rows = np.arange(len(y))
    names = np.array(targets.names)
    known = ~np.isnan(y[rows, k])
    return pd.DataFrame(
        {
            "target": names[k],
            "actual": [("present" if one == 1 else "absent") for one in y[rows, k]],
            "predicted": [
                f"{'present' if one >= at else 'absent'} ({one:.2f})"
                for one, at in zip(p[rows, k], t[rows, k], strict=True)
            ],
            "is_wrong": wrong[rows, k],
            "distance": np.where(known, np.abs(p - y)[rows, k], np.nan),
            "margin": np.abs(p - t)[rows, k],
        }
    )


def _classes(targets: Targets, y: Floats, p: Floats, t: Floats) -> pd.DataFrame:
    """The class called against the true one."""
    del t
    known, names, rows = ~np.isnan(y).any(axis=1), np.array(targets.names), np.arange(len(y))
    true, called = np.nan_to_num(y).argmax(axis=1), p.argmax(axis=1)
    top = np.sort(p, axis=1)
    return pd.DataFrame(
        {
            "target": "class", "actual": names[true],
            "predicted": [
                f"{names[c]} ({p[i, c]:.2f}; {names[a]} {p[i, a]:.2f})"
                for i, (c, a) in enumerate(zip(called, true, strict=True))
            ],
            "is_wrong": (true != called) & known,
            "distance": np.where(known, 1 - p[rows, true], np.nan),
            "margin": top[:, -1] - top[:, -2],
        }
    )  # fmt: skip


def _numbers(targets: Targets, y: Floats, p: Floats, t: Floats) -> pd.DataFrame:
    """The target with the largest error; each counts as wrong, the nearest are the surest."""
    del t
    names, away = np.array(targets.names), np.abs(p - y)
    k = np.nan_to_num(away, nan=-1.0).argmax(axis=1)
    rows = np.arange(len(y))
    return pd.DataFrame(
        {
            "target": names[k],
            "actual": [f"{one:.4g}" for one in y[rows, k]],
            "predicted": [f"{one:.4g}" for one in p[rows, k]],
            "is_wrong": ~np.isnan(away[rows, k]),
            "distance": away[rows, k],
            "margin": -away[rows, k],
        }
    )


_OF = {
    Task.BINARY: _findings, Task.MULTILABEL: _findings, Task.MULTICLASS: _classes,
    Task.REGRESSION: _numbers,
}  # fmt: skip
