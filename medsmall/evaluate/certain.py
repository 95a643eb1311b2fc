"""The section of selective prediction: fewer errors, if only certain images are answered."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.evaluate.judged import Test
from medsmall.evaluate.questions import MOST, Question, of, row, shown
from medsmall.evaluation.calibration import CLIP
from medsmall.evaluation.calibration_error import of_called
from medsmall.evaluation.selective import Selective, coverage_within, risk_coverage
from medsmall.page.palette import colour, drawn, new_figure
from medsmall.page.sections import Drawing, Section, Table
from medsmall.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIMITS = (0.02, 0.05, 0.1)  # shares of wrong answers that a user may accept


def section(test: Test) -> Section | None:
    """None for numbers, and without thresholds."""
    asked = _answers(test)
    found = {}
    for name, (wrong, certainty) in asked.items():
        curve = risk_coverage(wrong, certainty, test.patient)
        if not isinstance(curve, str):
            found[name] = curve
    if not found:
        return None
    one = Section("selective", "Answering the certain ones only")
    one.text.append(
        "If only the most certain images are answered and the others are left to a reader, fewer "
        "answers are wrong. The curve has the share of wrong answers (risk) among those answered "
        "(coverage), with 95% bands over patients. AURC is its mean, E-AURC what it has more than "
        "the best order would give; lower is better."
    )
    rows = []
    for name in found:
        wrong, certainty = asked[name]
        for limit in LIMITS:
            safe = coverage_within(limit, wrong, certainty, test.patient)
            known = {"of": name, "risk surely below": limit}
            if isinstance(safe, str):
                rows.append({**known, "coverage": None, "certainty above": None, "note": safe})
            else:
                of_safe = {"coverage": safe.coverage, "certainty above": safe.above, "note": ""}
                rows.append({**known, **of_safe})
    areas = pd.DataFrame(
        [
            {"of": name, **row("AURC", c.aurc), **row("E-AURC", c.e_aurc)}
            for name, c in found.items()
        ]
    )
    some = dict(list(found.items())[:MOST])
    one.drawings.append(Drawing("selective", "Risk against coverage", curves(some)))
    one.tables.append(Table("selective", "Area under the curve", shown(areas), data=areas))
    title = "The largest coverage with a risk that is surely below a limit (95%, all at once)"
    one.tables.append(Table("selective_limits", title, pd.DataFrame(rows), decimals=3))
    return one


def _answers(test: Test) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of each question whether the answer is wrong (U,), and how certain it is (U,)."""
    if test.targets.task is Task.MULTICLASS:
        right, certainty = of_called(test.y, test.prob)
        return {"the class called": (1 - right, certainty)}
    found = {}
    for question in of(test):
        if question.called is not None:
            found[question.name] = _of_finding(question, test)
    return found


def _of_finding(question: Question, test: Test) -> tuple[np.ndarray, np.ndarray]:
    """Certainty is the distance from the threshold, on the logit scale."""
    limit = test.thresholds[question.name]
    assert question.called is not None
    assert limit is not None
    wrong = np.where(
        np.isnan(question.y), np.nan, (question.called != (question.y == 1)).astype(float)
    )
    p, at = np.clip(question.prob, CLIP, 1 - CLIP), np.clip(limit, CLIP, 1 - CLIP)
    return wrong, np.abs(np.log(p / (1 - p)) - np.log(at / (1 - at)))


@drawn
def curves(found: dict[str, Selective]) -> "Figure":
    """A panel per question."""
    columns = min(len(found), 3)
    rows = -(-len(found) // columns)
    figure, every = new_figure(2.9 * columns + 0.4, 2.5 * rows + 0.4, columns, rows)
    for axes in every[len(found) :]:
        axes.set_axis_off()
    for axes, (name, curve) in zip(every, found.items(), strict=False):
        risk = curve.risk
        axes.fill_between(curve.coverage, risk.low, risk.high, color=colour("a"), alpha=0.15, lw=0)
        axes.plot(curve.coverage, risk.mean, color=colour("a"))
        axes.set(xlim=(0, 1.02), title=name, xlabel="coverage")
        axes.set_ylim(bottom=0)
    every[0].set_ylabel("risk")
    return figure
