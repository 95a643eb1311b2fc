"""The section of decision curves: whether acting on the model is worth it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.answer.facts import Facts
from medsmall.evaluate import questions
from medsmall.evaluate.judged import Test
from medsmall.evaluate.questions import MOST
from medsmall.evaluation.decision_curve import Decision, decision_curve
from medsmall.page.palette import colour, drawn, new_figure
from medsmall.page.sections import Drawing, Section, Table
from medsmall.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def section(
    test: Test, members: Sequence[Facts], prevalence: dict[str, float] | None
) -> Section | None:
    """None for numbers, and where no target has enough patients of both kinds.

    `members` are calibrated for the stated prevalence, or for that of this test.
    """
    if test.targets.task is Task.REGRESSION:
        return None
    one = Section("benefit", "Decision curves")
    calibrated = test.calibrated_by(members)
    prob = test.prob
    if calibrated is not None:
        prob = np.where(np.isnan(calibrated), prob, calibrated)
    found, reasons = {}, []
    for of in questions.of(test, prob):
        share = None if prevalence is None else prevalence[of.name]
        curve = decision_curve(of.y, of.prob, of.patient, prevalence=share)
        if isinstance(curve, str):
            reasons.append(f"{of.name}: {curve}.")
        else:
            found[of.name] = curve
    one.text.append(
        "Whoever acts from a probability of 10% on holds one true positive worth nine false ones. "
        "The net benefit is in true positives per image (Vickers and Elkin 2006). The model is "
        "worth using at a threshold where its curve lies above both others: to treat all, and to "
        f"treat none. {'Calibrated p' if calibrated is not None else 'P'}robabilities are used, "
        f"for {'the stated prevalence' if prevalence else 'the shares of this test'}; the band is "
        "95%, over patients."
    )
    one.text += reasons[:MOST]
    if not found:
        return None
    some = dict(list(found.items())[:MOST])
    one.drawings.append(Drawing("benefit", "Net benefit", curves(some)))
    one.tables.append(Table("benefit", "Net benefit", _table(found), folded=True, decimals=4))
    return one


def _table(found: dict[str, Decision]) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "target": name, "threshold": of.thresholds, "model": of.model.mean,
                    "low": of.model.low, "high": of.model.high, "treat all": of.treat_all.mean,
                    "gain": of.gain.mean, "gain low": of.gain.low, "gain high": of.gain.high,
                }
            )
            for name, of in found.items()
        ]
    )  # fmt: skip


@drawn
def curves(found: dict[str, Decision]) -> "Figure":
    """A panel per target, from treating none upwards."""
    columns = min(len(found), 3)
    rows = -(-len(found) // columns)
    figure, every = new_figure(2.9 * columns + 0.4, 2.6 * rows + 0.5, columns, rows)
    for axes in every[len(found) :]:
        axes.set_axis_off()
    for axes, (name, of) in zip(every, found.items(), strict=False):
        axes.axhline(0, color=colour("quiet"), lw=1, ls=":", label="treat none")
        axes.plot(of.thresholds, of.treat_all.mean, color=colour("b"), ls="--", label="treat all")
        axes.fill_between(of.thresholds, of.model.low, of.model.high, color=colour("a"), alpha=0.15,
                          lw=0)  # fmt: skip
        axes.plot(of.thresholds, of.model.mean, color=colour("a"), label="the model")
        top = max(of.prevalence, float(of.model.mean.max())) * 1.1
        axes.set(xlim=(0, 1), ylim=(-0.25 * top, top), title=name, xlabel="threshold probability")
    every[0].set_ylabel("net benefit")
    figure.legend(*every[0].get_legend_handles_labels(), loc="outside lower center", ncols=3,
                  frameon=False)  # fmt: skip
    return figure
