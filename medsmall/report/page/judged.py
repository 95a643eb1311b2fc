"""Each scored unit of a test with its mean prediction: right or wrong, how far, how nearly."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from medsmall.evaluation.influence import Floats
from medsmall.record.predicted import Predicted
from medsmall.targets import Targets
from medsmall.task import Task


def judged(tests: Sequence[Predicted]) -> pd.DataFrame:
    """A row per scored unit (an image, a study) and target whose label is known; of classes one.

    Predictions are the means of the runs that tested the unit. `unit`, `patient` and its first
    `image`; `target`; `actual` and `predicted` in words; `is_wrong`; `distance` from the truth, of
    numbers in standard deviations of the target; `margin` to being called otherwise, of numbers
    NaN: none is called anything.
    """
    targets, names = tests[0].targets, tests[0].targets.names
    every = pd.concat(map(_units, tests))
    text = dict.fromkeys(["patient", "image"], "first")
    numbers = dict.fromkeys(every.columns.drop(["unit", *text]), "mean")
    means = every.groupby("unit", sort=True).agg(text | numbers).reset_index()
    y, p, t = (means[[f"{what}{k}" for k in range(len(names))]].to_numpy(float) for what in "ypt")
    about = means[["unit", "patient", "image"]]
    if targets.task is Task.MULTICLASS:
        found = [pd.concat([about, _class(targets, y, p)], axis=1)]
    elif targets.task is Task.REGRESSION:
        found = [pd.concat([about, _number(name, y[:, k], p[:, k])], axis=1)
                 for k, name in enumerate(names)]  # fmt: skip
    else:
        found = [pd.concat([about, _finding(name, y[:, k], p[:, k], t[:, k])], axis=1)
                 for k, name in enumerate(names)]  # fmt: skip
    return pd.concat(found, ignore_index=True).dropna(subset="distance")


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


def _finding(name: str, y: Floats, p: Floats, t: Floats) -> pd.DataFrame:
    """A finding at its mean threshold, 0.5 where there is none."""
    t = np.where(np.isnan(t), 0.5, t)
    words = np.array(["absent", "present"])
    called = (p >= t).astype(int)
    return pd.DataFrame(
        {
            "target": name,
            "actual": words[np.nan_to_num(y).astype(int)],
            "predicted": [f"{words[c]} ({at:.2f})" for c, at in zip(called, p, strict=True)],
            "is_wrong": called != y,
            "distance": np.abs(p - y),
            "margin": np.abs(p - t),
        }
    )


def _class(targets: Targets, y: Floats, p: Floats) -> pd.DataFrame:
    """The class called against the true one."""
    known, names, rows = ~np.isnan(y).any(axis=1), np.array(targets.names), np.arange(len(y))
    true, called = np.nan_to_num(y).argmax(axis=1), p.argmax(axis=1)
    top = np.sort(p, axis=1)
    return pd.DataFrame(
        {
            "target": "class",
            "actual": names[true],
            "predicted": [
                f"{names[c]} ({p[i, c]:.2f}; {names[a]} {p[i, a]:.2f})"
                for i, (c, a) in enumerate(zip(called, true, strict=True))
            ],
            "is_wrong": true != called,
            "distance": np.where(known, 1 - p[rows, true], np.nan),
            "margin": top[:, -1] - top[:, -2],
        }
    )


def _number(name: str, y: Floats, p: Floats) -> pd.DataFrame:
    """A number: whatever is not exact is wrong."""
    scale = float(np.nanstd(y)) or 1.0
    return pd.DataFrame(
        {
            "target": name,
            "actual": [f"{one:.4g}" for one in y],
            "predicted": [f"{one:.4g}" for one in p],
            "is_wrong": y != p,
            "distance": np.abs(p - y) / scale,
            "margin": np.nan,
        }
    )
