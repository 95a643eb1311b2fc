"""Labels that a column of the table gives away."""

from collections.abc import Iterator
from math import lgamma, log

import numpy as np
import pandas as pd

from medsmall.audit.findings import findings
from medsmall.task import Task

NOT_METADATA = ("image", "patient", "part")
# Values that make a text column the label in words (a diagnosis, a folder's name), beside the names
# of the labels themselves.
CLASS_WORDS = {"normal", "abnormal", "healthy", "positive", "negative", "no finding", "benign"}
CHANCE = 1e-6  # that labels given to the patients by lot would agree as well


def label_equals_metadata(
    rows: pd.DataFrame, labels: list[str], targets: list[str], task: Task
) -> pd.DataFrame:
    """Targets that another column equals, or determines, in all rows where both are known.

    The rule. Another target: equal, or (unless the targets are classes of which an image has one)
    opposite everywhere; only worth a notice if opposite. A text column (sex, view, split, ...):
    each of its values occurs with one class only. A number (age): a threshold parts the classes.
    A target to regress: equal to a number everywhere. What the patients would show by chance with
    a probability of CHANCE or more is not reported; so a column that names each patient, is
    constant, or stands on few patients never is. A text column with a value named like a label, or
    one of CLASS_WORDS, is taken for the label in words: a notice. `value` is the number of rows.
    """
    found: list[tuple[str, str, int]] = []
    for place, target in enumerate(targets):
        for other in targets[:place]:
            found += _against_label(rows, target, other, task)
        columns = [str(c) for c in rows if c not in (*NOT_METADATA, *labels, *targets)]
        for column in columns:
            found += _against_metadata(rows, target, column, task, {*labels, *targets})
    severity, words, counts = zip(*found, strict=True) if found else ((), (), ())
    return findings(
        "label_equals_metadata", severity, words, value=np.array(counts, float), length=len(found)
    )


def _against_label(
    rows: pd.DataFrame, target: str, other: str, task: Task
) -> Iterator[tuple[str, str, int]]:
    known = rows[[target, other, "patient"]].dropna()
    a, b = known[target], known[other]
    if task is Task.REGRESSION:
        if (a == b).all() and a.nunique() > 10:
            yield "fault", f"target {target} equals target {other}", len(known)
    elif not by_chance(known, target, 2):
        if (a == b).all():
            yield "fault", f"target {target} equals target {other}", len(known)
        elif (a == 1 - b).all() and task is Task.MULTILABEL:
            yield "notice", f"target {target} is the opposite of target {other}", len(known)


def _against_metadata(
    rows: pd.DataFrame, target: str, column: str, task: Task, labels: set[str]
) -> Iterator[tuple[str, str, int]]:
    known = rows[[target, column, "patient"]].dropna()
    known = known[known[column].astype(str) != ""]
    label, value = known[target], known[column]
    numeric = pd.api.types.is_numeric_dtype(value)
    if task is Task.REGRESSION:
        if numeric and value.nunique() > 10 and (label == value).all():
            yield "fault", f"target {target} equals column {column}", len(known)
        return
    positive, negative = value[label == 1], value[label == 0]
    if positive.empty or negative.empty:
        return
    if numeric:
        above = positive.min() > negative.max()
        if not (above or positive.max() < negative.min()):
            return
        if not by_chance(known, target, np.log2(2 * (value.nunique() + 1))):
            low, high = (negative, positive) if above else (positive, negative)
            what = f"at {column} {high.min():g} or more and never at {low.max():g} or less"
            side = "is positive" if above else "is negative"
            yield "fault", f"target {target} {side} exactly {what}", len(known)
        return
    giving = set(positive.unique())
    if giving & set(negative.unique()) or by_chance(known, target, value.nunique()):
        return
    named = ", ".join(sorted(map(str, giving))[:5]) + (", ..." if len(giving) > 5 else "")
    words = {str(level).casefold() for level in value.unique()}
    in_words = words & (CLASS_WORDS | {label.casefold() for label in labels})
    yield (
        "notice" if in_words else "fault",
        f"target {target} is positive exactly where {column} is {named}"
        + (", which is the target in words" if in_words else ""),
        len(known),
    )


def by_chance(known: pd.DataFrame, target: str, bits: float) -> bool:
    """Whether so good an agreement of `target` with a column may be chance.

    Images of a patient are alike, so one of each counts. If k of n are positive, labels given by
    lot take one of C(n, k) ways; at most 2^`bits` of those agree with the column (one bit for
    each of its values, which may go with either class).
    """
    patient = known.drop_duplicates("patient")[target]
    n, k = len(patient), int((patient == 1).sum())
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return bits * log(2) - ways > log(CHANCE)
