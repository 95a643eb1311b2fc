"""Label leakage: columns of the table that determine a label."""

from collections.abc import Iterator
from math import lgamma, log

import numpy as np
import pandas as pd

from medsmall.audit.findings import findings
from medsmall.dataset.own.cell_words import UNKNOWN
from medsmall.task import Task

NOT_METADATA = ("image", "patient", "part")
# A text column with such a value is the label in words (a diagnosis, a folder's name), as is one
# with the name of a label.
CLASS_WORDS = {"normal", "abnormal", "healthy", "positive", "negative", "no finding", "benign"}
CHANCE = 1e-6  # probability that random labels of the patients agree as well


def label_equals_metadata(
    rows: pd.DataFrame, labels: list[str], targets: list[str], task: Task
) -> pd.DataFrame:
    """Targets that another column equals or determines in all rows where both are known.

    - Another target: equal everywhere, or opposite (a notice; not for exclusive classes).
    - A text column (sex, view, split, ...): each of its values occurs with one class only.
    - A number (age): the same, or a threshold separates the classes. Text that is a number
      throughout counts as a number, since people's own tables are read as text. Whole numbers that
      rise from row to row do not count: they number the rows or patients.
    - A regression target: equal to a number everywhere.

    Agreement that random labels would reach with a probability of CHANCE or more is not reported,
    so a column that names each patient, is constant, or covers few patients never is. A column
    with a value named like a label, or one of CLASS_WORDS, is the label in words: a notice. Blank,
    nan, na, n/a, null and ? are unknown. `value` is the number of rows.
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
    known = known[~known[column].astype(str).str.lower().isin(UNKNOWN)]
    text = known[column].astype(str)
    label, value = known[target], known[column]
    number = pd.to_numeric(value, errors="coerce")
    numeric = bool(number.notna().all())
    value = number.astype("float64") if numeric else value
    if task is Task.REGRESSION:
        if numeric and value.nunique() > 10 and (label == value).all():
            yield "fault", f"target {target} equals column {column}", len(known)
        return
    positive, negative = value[label == 1], value[label == 0]
    if positive.empty or negative.empty or (numeric and _is_a_count(known, value)):
        return
    in_words = {*text.str.casefold()} & (CLASS_WORDS | {label.casefold() for label in labels})
    what = ""
    if numeric and not by_chance(known, target, np.log2(2 * (value.nunique() + 1))):
        what = _beyond_threshold(positive, negative, column)
    giving = set(positive.unique())
    shared = giving & set(negative.unique())
    if not (what or shared or by_chance(known, target, value.nunique())):
        named = ", ".join(sorted(set(text[label == 1]))[:5]) + (", ..." if len(giving) > 5 else "")
        what = f"is positive exactly where {column} is {named}"
    if what:
        severity, end = ("notice", ", which is the target in words") if in_words else ("fault", "")
        yield severity, f"target {target} {what}{end}", len(known)


def _is_a_count(known: pd.DataFrame, value: pd.Series) -> bool:
    """Whether these are running numbers, which separate the classes in a file sorted by class."""
    rising = (value % 1 == 0).all() and value.is_monotonic_increasing
    return bool(rising and value.nunique() >= known["patient"].nunique())


def _beyond_threshold(positive: pd.Series, negative: pd.Series, column: str) -> str:
    """How a threshold separates the numbers of two classes; "" if none does."""
    if positive.min() > negative.max():
        low, high, verb = negative, positive, "is positive"
    elif positive.max() < negative.min():
        low, high, verb = positive, negative, "is negative"
    else:
        return ""
    return f"{verb} exactly at {column} {high.min():g} or more and never at {low.max():g} or less"


def by_chance(known: pd.DataFrame, target: str, bits: float) -> bool:
    """Whether the agreement of `target` with a column may be chance.

    Images of a patient are alike, so one per patient counts. If k of n are positive, there are
    C(n, k) ways to assign labels at random; at most 2^`bits` of them agree with the column (one bit
    for each of its values, which may go with either class).
    """
    patient = known.drop_duplicates("patient")[target]
    n, k = len(patient), int((patient == 1).sum())
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return bits * log(2) - ways > log(CHANCE)
