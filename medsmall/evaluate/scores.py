"""The section of scores: every metric of every target, with intervals over patients."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from medsmall.evaluate.judged import Test
from medsmall.evaluate.questions import shown
from medsmall.evaluation import scored
from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import interval, too_few
from medsmall.page.sections import Section, Table
from medsmall.record.predicted import mean_score
from medsmall.task import Task


def score_of(test: Test, metric: str, k: int, rows: np.ndarray | None = None) -> Score | None:
    """The metric of target `k`, of all units or of some `rows`; influences of all patients."""
    some = slice(None) if rows is None else rows
    y, prob, patient = test.y[some, k], test.prob[some, k], test.patient[some]
    if test.targets.task is Task.REGRESSION:
        return scored.of_quantity(metric, y, prob, patient, test.patients)
    called = test.called
    calls = None if called is None or np.isnan(called[:, k]).any() else called[some, k] == 1
    return scored.of_finding(metric, y, prob, calls, patient, test.patients)


def table(test: Test) -> pd.DataFrame:
    """A row for each target and metric."""
    rows = []
    for k, name in enumerate(test.targets.names):
        known = ~np.isnan(test.y[:, k])
        for metric in test.targets.headings:
            found = score_of(test, metric, k)
            ends = None if found is None else interval(metric, found)
            counts = {"target": name, "n": int(known.sum())}
            if test.targets.task is not Task.REGRESSION:
                counts["positive"] = int(np.nansum(test.y[:, k]))
            why = "undefined" if found is None else too_few(found)
            rows.append(
                {
                    **counts, "metric": metric, "value": None if found is None else found.value,
                    "value low": ends and ends.low, "value high": ends and ends.high, "note": why,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


class Headline(NamedTuple):
    """The mean of the metric that validation follows, over so many targets, with its interval."""

    value: float
    low: float | None
    high: float | None
    over: int


def headline(test: Test) -> Headline | None:
    """Over the targets that enough patients have, or over all that define it."""
    metric = test.targets.headline
    names = range(len(test.targets.names))
    scores = [one for k in names if (one := score_of(test, metric, k)) is not None]
    enough = [one for one in scores if not too_few(one)] or scores
    mean = mean_score(enough)
    if mean is None:
        return None
    ends = interval(metric, mean)
    return Headline(mean.value, ends and ends.low, ends and ends.high, len(enough))


def section(test: Test) -> Section:
    """All of them in one table."""
    one = Section("scores", "Scores")
    one.text.append(
        "Intervals are 95%, over patients; a score that rests on fewer than 10 has none. "
        "Sensitivity, specificity and the like are at the threshold that validation chose."
        if test.targets.task in (Task.BINARY, Task.MULTILABEL)
        else "Intervals are 95%, over patients; a score that rests on fewer than 10 has none."
    )
    data = table(test)
    data = data if data["note"].any() else data.drop(columns="note")
    one.tables.append(Table("scores", "Every metric", shown(data), data=data))
    return one
