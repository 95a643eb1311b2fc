"""The section of calibration: what probabilities mean, before and after calibration."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.evaluate import questions
from medsmall.evaluate.judged import Test
from medsmall.evaluate.questions import MOST, Question, row, shown
from medsmall.evaluation import bands
from medsmall.evaluation.calibration_error import brier, change, ece, edges_of, log_loss
from medsmall.evaluation.influence import Floats
from medsmall.page.palette import colour, drawn, new_figure
from medsmall.page.sections import Drawing, Section, Table
from medsmall.predict.facts import shares_of
from medsmall.record import Record
from medsmall.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def section(test: Test, records: Sequence[Record]) -> Section | None:
    """None for numbers."""
    if test.targets.task is Task.REGRESSION:
        return None
    one = Section("calibration", "Calibration")
    before = questions.certain(test)
    calibrated = test.calibrated
    after = [] if calibrated is None else questions.certain(test, calibrated)
    after = [of for of in after if not np.isnan(of.prob).any()]  # some findings were too rare
    one.text.append(
        "Does 70% mean 70%? On the dotted line a probability means what it says. Brier is the mean "
        "squared error of the probabilities, log loss punishes certain errors more, ECE is the "
        "mean distance from the line. ECE of a small test is too high: beside it stands what "
        "perfect probabilities would have here."
    )
    if calibrated is None:
        why = test.members[0].uncalibrated or "none was asked for"
        one.text.append(f"There is no calibration: {why}.")
    else:
        method = test.members[0].calibration
        assert method is not None
        one.text.append(
            f"Calibrated by {method.method}, fitted on validation, never on these images. It is "
            "for the share of positives of the population: where this test has another, both "
            "curves may lie off the line."
        )
    moved = for_population(test, records)
    base = test.prob if moved is None else moved
    if moved is not None:
        one.text.append(
            "The fit saw other shares of the classes than the population has, so the probabilities "
            "as they are are not for it: those moved to its shares are told beside them."
        )
    errors = _errors(before, None if moved is None else questions.certain(test, moved), after)
    one.tables.append(Table("calibration", "Errors", shown(errors), decimals=3, data=errors))
    if calibrated is not None:
        changes = _changes(test, base, calibrated)
        one.text += _verdicts(changes)
        title = "Change by calibration (below 0 is better)"
        one.tables.append(Table("calibration_change", title, shown(changes, 4), data=changes))
    figure = reliability(before[:MOST], {of.k: of for of in after})
    one.drawings.append(Drawing("calibration", "Observed shares against probabilities", figure))
    return one


def for_population(test: Test, records: Sequence[Record]) -> Floats | None:
    """(U, K) for the shares of the population; None where the fit saw the same."""
    found = [
        test.targets.corrected(own, shares_of(record, test.targets))
        for record, own in zip(records, test.outputs, strict=True)
    ]
    if all(one is None for one in found):
        return None
    each = [own if one is None else one for one, own in zip(found, test.outputs, strict=True)]
    return np.asarray(np.mean(each, axis=0))


def _errors(
    before: list[Question], moved: list[Question] | None, after: list[Question]
) -> pd.DataFrame:
    rows = []
    kinds = (("as they are", before), ("for the population", moved), ("calibrated", after))
    for when, each in ((when, each or []) for when, each in kinds):
        for of in each:
            error = ece(of.y, of.prob, of.patient)
            rows.append(
                {
                    "of": of.name, "probabilities": when,
                    **row("Brier", brier(of.y, of.prob, of.patient)),
                    **row("log loss", log_loss(of.y, of.prob, of.patient)),
                    **row("ECE", error.measured), "ECE if perfect": error.if_perfect,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _changes(test: Test, base: np.ndarray, calibrated: np.ndarray) -> pd.DataFrame:
    """What calibration changes, both for the shares of the population."""
    if test.targets.task is Task.MULTICLASS:
        found = {"all classes": change(test.y, base, calibrated, test.patient)}
    else:
        found = {
            name: change(test.y[:, k], base[:, k], calibrated[:, k], test.patient)
            for k, name in enumerate(test.targets.names)
            if not np.isnan(calibrated[:, k]).any()
        }
    return pd.DataFrame(
        [
            {"of": name, **row("Brier", one.brier), **row("log loss", one.log_loss)}
            for name, one in found.items()
        ]
    )


def _verdicts(changes: pd.DataFrame) -> list[str]:
    """What calibration did to the Brier score, where that is more than chance."""
    said = []
    for of, value, low, high in changes[["of", "Brier", "Brier low", "Brier high"]].values:
        if low is None or low <= 0 <= high:
            continue
        word = "worse" if value > 0 else "better"
        remedy = ": calibration=none leaves it out" if value > 0 else ""
        said.append(
            f"{of}: calibration made the probabilities {word} here (Brier {value:+.3f}, 95% "
            f"interval {low:+.3f} to {high:+.3f}){remedy}."
        )
    return said


@drawn
def reliability(before: list[Question], after: dict[int, Question]) -> "Figure":
    """A panel per question: observed shares of bins with equally many units, with 95% bands."""
    columns = min(len(before), 3)
    rows = -(-len(before) // columns)
    figure, every = new_figure(2.9 * columns + 0.4, 2.9 * rows + 0.4, columns, rows)
    for axes, k in zip(every, range(columns * rows), strict=True):
        if k >= len(before):
            axes.set_axis_off()
            continue
        axes.plot([0, 1], [0, 1], color=colour("quiet"), lw=0.8, ls=":")
        for name, role, of in (
            ("as they are", "a", before[k]),
            ("calibrated", "b", after.get(before[k].k)),
        ):
            if of is not None:
                _curve(axes, of, name, role)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", title=before[k].name)
        axes.set_xlabel("probability")
        axes.set_ylabel("share observed")
    figure.legend(*every[0].get_legend_handles_labels(), loc="outside lower center", ncols=2,
                  frameon=False)  # fmt: skip
    return figure


def _curve(axes: object, of: Question, name: str, role: str) -> None:
    known = ~np.isnan(of.y)
    y, prob = of.y[known], of.prob[known]
    if not len(y):
        return
    codes = np.unique(of.patient[known], return_inverse=True)[1]
    edges = edges_of(prob)
    observed = bands.over_repeats(
        bands.reliability(edges), [[bands.Tested(y, prob, codes, int(codes.max()) + 1)]]
    )
    inside = bands.bin_of(prob, edges)
    n = np.bincount(inside, minlength=len(edges) - 1)
    mean = np.bincount(inside, prob, len(edges) - 1) / np.maximum(n, 1)
    there = n > 0
    axes.vlines(mean[there], observed.low[there], observed.high[there],  # type: ignore[attr-defined]
                color=colour(role), lw=1, alpha=0.6)  # fmt: skip
    axes.plot(mean[there], observed.mean[there], color=colour(role), marker="o", ms=4, lw=1.3,  # type: ignore[attr-defined]
              label=name)  # fmt: skip
