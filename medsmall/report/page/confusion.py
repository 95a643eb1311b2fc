"""The section of what was called what: confusion matrices; precision, recall, F1 and support."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.evaluation.influence import Floats
from medsmall.page.palette import colour, drawn, new_figure
from medsmall.page.sections import Drawing, Section, Table
from medsmall.record.predicted import Predicted
from medsmall.report.arms import Study
from medsmall.report.cells import mean_of
from medsmall.report.page.arms_drawn import DrawnArms
from medsmall.report.page.scores import cut
from medsmall.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAT_EDGES = [0.02, 0.1, 0.25, 0.5, 0.75]
SHARES = ("precision", "recall", "specificity", "F1")
MOST = 16  # classes of a matrix that can be read


def section(drawn_arms: DrawnArms) -> Section | None:
    """None for numbers, and for findings without a threshold."""
    first = drawn_arms.first
    if first.targets.task is Task.REGRESSION:
        return None
    one = Section("calls", "What was called what")
    one.text.append(drawn_arms.which)
    one.text.append(
        "Counts of the test are the mean over repeats, rounded, and of folds their sum; precision, "
        "recall, specificity and F1 are the mean of the runs' own. "
        + (
            "The most probable class is called."
            if first.targets.task is Task.MULTICLASS
            else "A finding is called where its probability reaches the threshold of the run."
        )
    )
    rows, lacking = [], 0
    for arm in drawn_arms.arms:
        for k, name in enumerate(first.targets.names):
            each = {repeat: calls(test, k) for repeat, test in drawn_arms.tests[arm].items()}
            known = {r: _shares(*of) for r, of in each.items() if not np.isnan(of).any()}
            if not known:
                continue
            tp, fp, fn, tn = map(float, drawn_arms.counts(arm, partial(calls, k=k)))
            shares = {
                share: _mean(drawn_arms.study, {r: of[place] for r, of in known.items()})
                for place, share in enumerate(SHARES)
            }
            rows.append(
                {
                    "target": name, "arm": drawn_arms.name(arm), **shares,
                    "true +": _round(tp), "false +": _round(fp),
                    "false −": _round(fn), "true −": _round(tn), "support": _round(tp + fn),
                }
            )  # fmt: skip
            lacking += len(known) < len(each)
    if lacking:
        one.text.append(
            f"In {lacking} row{'s' * (lacking > 1)} a run has no threshold: its counts are "
            "unknown, and the shares are those of the other runs."
        )
    if not rows:
        return None
    if first.targets.task is Task.MULTICLASS and len(first.targets.names) <= MOST:
        for place, arm in enumerate(drawn_arms.arms[:2]):
            matrix = drawn_arms.counts(arm, confusion)
            title = f"Confusion: {drawn_arms.name(arm)}"
            figure = heat(first.targets.names, matrix)
            one.drawings.append(Drawing(f"confusion_{place + 1}", title, figure))
    title = "Precision, recall, F1 and support"
    one.tables.append(Table("calls", title, pd.DataFrame(rows), decimals=3))
    return one


def calls(test: Predicted, k: int) -> Floats:
    """True and false positives, false and true negatives of a target; NaN without a threshold."""
    known, name = ~np.isnan(test.y[:, k]), test.targets.names[k]
    positive = test.y[known, k] == 1
    if test.targets.task is Task.MULTICLASS:
        yes = test.predicted[known].argmax(axis=1) == k
    else:
        threshold = test.metrics["test"]["targets"][name].get("threshold")
        if threshold is None:
            return np.full(4, np.nan)
        yes = test.predicted[known, k] >= threshold
    each = [yes & positive, yes & ~positive, ~yes & positive, ~yes & ~positive]
    return np.array([of.sum() for of in each], dtype=float)


def confusion(test: Predicted) -> Floats:
    """True classes as rows, called ones as columns."""
    known = ~np.isnan(test.y).any(axis=1)
    k = test.y.shape[1]
    pairs = test.y[known].argmax(axis=1) * k + test.predicted[known].argmax(axis=1)
    return np.bincount(pairs, minlength=k * k).reshape(k, k).astype(float)


def _shares(tp: float, fp: float, fn: float, tn: float) -> tuple[float, ...]:
    """As SHARES; NaN for one of nothing."""
    pairs = [(tp, tp + fp), (tp, tp + fn), (tn, tn + fp), (2 * tp, 2 * tp + fp + fn)]
    return tuple(float(part / whole) if whole else np.nan for part, whole in pairs)


def _mean(study: Study, values: dict[str, float]) -> float:
    """Over the runs where it is defined."""
    known = {repeat: value for repeat, value in values.items() if not np.isnan(value)}
    return mean_of(study, known) if known else np.nan


def _round(count: float) -> float:
    return np.nan if np.isnan(count) else round(count)


@drawn
def heat(names: Sequence[str], matrix: Floats) -> "Figure":
    """Rows are true classes, shaded by their share; a number is how many images."""
    k = len(names)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1e-9)
    figure, (axes,) = new_figure(2.0 + 0.62 * k, 1.4 + 0.4 * k)
    for row, column in np.ndindex(k, k):
        level = int(np.searchsorted(HEAT_EDGES, shares[row, column], side="right"))
        axes.broken_barh([(column + 0.02, 0.96)], (row + 0.02, 0.96),
                         color=colour(f"heat_{level}"), lw=0)  # fmt: skip
        n = float(matrix[row, column])
        number = f"{n:.0f}" if n == round(n) or n >= 10 else f"{n:.1f}"
        axes.text(column + 0.5, row + 0.5, f"{number}\n{shares[row, column]:.0%}", ha="center",
                  va="center", fontsize=7.5, weight="bold" if row == column else "normal",
                  color=colour("heat_ink" if level >= 4 else "ink"))  # fmt: skip
    axes.set(xlim=(0, k), ylim=(k, 0))
    middles = np.arange(k) + 0.5
    axes.set_xticks(middles, [cut(name, 14) for name in names], rotation=45 if k > 4 else 0)
    axes.set_yticks(middles, [cut(name, 22) for name in names])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("called")
    axes.set_ylabel("true")
    return figure
