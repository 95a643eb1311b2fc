"""The section of each target: its score, what it rests on, and other metrics beside it."""

from dataclasses import replace

import numpy as np
import pandas as pd

from medsmall.page.sections import Section, Table
from medsmall.report.arms import Study
from medsmall.report.cells import Arm, cells_of, mean_of
from medsmall.report.page.arms_drawn import DrawnArms
from medsmall.report.question import Answer
from medsmall.report.run import Run
from medsmall.report.sentences import in_words
from medsmall.task import Task


def section(found: Answer, drawn: DrawnArms) -> Section:
    """A row per target and arm."""
    one = Section("targets", "Each target" if len(found.study.runs[0].names) > 1 else "The target")
    one.text += [
        drawn.which,
    ]
    if drawn.first.targets.task is not Task.REGRESSION:
        one.text.append(
            "The rarer of positives and negatives in the test decides how well a score is known."
        )
    one.tables.append(
        Table("targets", "Scores and counts of each target", frame(found, drawn), decimals=3)
    )
    return one


def frame(found: Answer, drawn: DrawnArms) -> pd.DataFrame:
    """The headline score with its interval, positives in train and test, the other metrics."""
    study, metric = found.study, found.study.runs[0].headline
    cells = {key: runs for key, runs in study.cells.items() if key[1] == drawn.size}
    largest = replace(study, cells={key: cells[key] for key in cells if key[0] in drawn.arms})
    rows, headings = [], drawn.first.targets.headings
    for k, name in enumerate(study.runs[0].names):
        scores = {cell.arm: cell for cell in cells_of(largest, metric, name)}
        for arm in drawn.arms:
            runs, cell = cells[arm, drawn.size], scores.get(arm)
            limits = cell.interval if cell else None
            rows.append(
                {
                    "target": name, "arm": study.name(arm),
                    in_words(metric): cell.mean if cell else np.nan,
                    "low": limits.low if limits else np.nan,
                    "high": limits.high if limits else np.nan,
                    **_counts(drawn, arm, name, k),
                    **{headings[m]: _mean(study, runs, name, m) for m in headings if m != metric},
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _counts(drawn: DrawnArms, arm: Arm, name: str, k: int) -> dict[str, float]:
    """What the score rests on: the mean over repeats of positives, of folds their sum in test."""
    if drawn.first.targets.task is Task.REGRESSION:
        known = drawn.counts(arm, lambda test: np.sum(~np.isnan(test.y[:, k])))
        return {"known in test": round(float(known))}
    positive = drawn.counts(arm, lambda test: np.sum(test.y[:, k] == 1))
    of_all = drawn.counts(arm, lambda test: np.sum(~np.isnan(test.y[:, k])))
    runs = drawn.study.cells[arm, drawn.size]
    train = _mean(drawn.study, runs, name, "n_train_positive")
    return {
        "positives in train": round(train) if train == train else np.nan,
        "positives in test": round(float(positive)),
        "of": round(float(of_all)),
    }


def _mean(study: Study, runs: dict[str, Run], name: str, metric: str) -> float:
    """The mean of a metric over the runs that have it, of folds first in each; NaN if none has."""
    of = {repeat: run.metrics["test"]["targets"][name] for repeat, run in runs.items()}
    values = {repeat: values.get(metric) for repeat, values in of.items()}
    known = {repeat: value for repeat, value in values.items() if isinstance(value, int | float)}
    return mean_of(study, known) if known else np.nan
