"""The section of calibration: observed shares against predicted probabilities, and their errors."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from medsmall.evaluation import bands
from medsmall.evaluation.bands import Band, Tested, bin_of
from medsmall.evaluation.calibration_error import edges_of, of_called
from medsmall.evaluation.influence import Floats
from medsmall.page.palette import colour, drawn, new_figure, told
from medsmall.page.sections import Drawing, Section, Table
from medsmall.record.predicted import Predicted
from medsmall.report.cells import Arm
from medsmall.report.page.arms_drawn import DrawnArms, wrapped
from medsmall.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 3  # targets drawn


class Calibrated(NamedTuple):
    """Of each bin the mean probability and the share observed, with its band; errors of all."""

    probability: Floats
    observed: Band
    brier: float
    ece: float


def section(drawn_arms: DrawnArms) -> Section | None:
    """None for numbers, and where no target is known in every test set."""
    if drawn_arms.first.targets.task is Task.REGRESSION:
        return None
    one = Section("calibration", "Calibration")
    names, tests = _questions(drawn_arms)
    if not names:
        return None
    found = {arm: [calibrated(test) for test in of] for arm, of in tests.items()}
    one.text += [
        drawn_arms.which,
        "On the dotted line a probability means what it says. Marks hold equally many predictions "
        "of all runs; a bar is the 95% interval over test patients, for these runs.",
    ]
    if len(names) < (of := len(known_targets(drawn_arms))) and len(names) == MOST:
        one.text.append(f"Drawn: {MOST} of {of} targets, those with most positives.")
    figure = reliability(drawn_arms, names, found)
    one.drawings.append(Drawing("calibration", "Reliability", figure))
    rows = [
        {"of": name, "arm": drawn_arms.name(arm), "Brier": of.brier, "ECE": of.ece}
        for arm, each in found.items()
        for name, of in zip(names, each, strict=True)
    ]
    one.text.append(
        "Brier is the mean squared error of the probabilities, ECE the mean distance from the "
        "line, weighted by images (Naeini et al., AAAI 2015). Lower is better."
    )
    one.tables.append(
        Table("calibration", "Errors of the probabilities", pd.DataFrame(rows), decimals=3)
    )
    return one


def _questions(drawn_arms: DrawnArms) -> tuple[list[str], dict[Arm, list[Tested]]]:
    """What is asked of each arm: the finding, or of classes whether the one called is right."""
    first = drawn_arms.first
    if first.targets.task is Task.MULTICLASS:
        called = {
            arm: [together([_top(test) for test in of.values()])]
            for arm, of in drawn_arms.tests.items()
        }
        return ["the class called"], called
    chosen = known_targets(drawn_arms)[:MOST]
    names = [first.targets.names[k] for k in chosen]
    return names, {
        arm: [together(list(drawn_arms.of_target(arm, k).values())) for k in chosen]
        for arm in drawn_arms.arms
    }


def known_targets(drawn_arms: DrawnArms) -> list[int]:
    """The targets with a known label in each test set, those with most positives first."""
    y = [test.y for of in drawn_arms.tests.values() for test in of.values()]
    known = np.all([(~np.isnan(of)).any(axis=0) for of in y], axis=0)
    positives = np.nansum(np.concatenate(y), axis=0)
    return [int(k) for k in np.argsort(-positives, kind="stable") if known[k]]


def _top(test: Predicted) -> Tested:
    """Whether the class called is the true one, and its probability."""
    right, prob = of_called(test.y, test.predicted)
    known = ~np.isnan(right)
    patients = len(test.patients)
    return Tested(right[known], prob[known], test.patient[known], patients, test.identity)


def together(tests: list[Tested]) -> Tested:
    """The tests of all runs as one; those with one identity share their patients."""
    starts: dict[str, int] = {}
    patients = 0
    for test in tests:
        if test.identity not in starts:
            starts[test.identity] = patients
            patients += test.patients
    patient = np.concatenate([test.patient + starts[test.identity] for test in tests])
    y, prob = (np.concatenate([test[k] for test in tests]) for k in (0, 1))
    return Tested(y, prob, patient, patients)


def calibrated(test: Tested) -> Calibrated:
    """Bins of equally many predictions."""
    edges = edges_of(test.prob)
    observed = bands.over_repeats(bands.reliability(edges), [[test]])
    inside = bin_of(test.prob, edges)
    n = np.bincount(inside, minlength=len(edges) - 1)
    mean = np.bincount(inside, test.prob, len(edges) - 1) / np.maximum(n, 1)
    there = n > 0
    apart = np.abs(mean - observed.mean)[there]
    return Calibrated(
        mean[there], Band(*(of[there] for of in observed)),
        float(np.mean((test.prob - test.y) ** 2)), float(np.average(apart, weights=n[there])),
    )  # fmt: skip


@drawn
def reliability(
    drawn_arms: DrawnArms, names: list[str], found: dict[Arm, list[Calibrated]]
) -> "Figure":
    """A panel per question, a line per arm."""
    columns = len(names)
    figure, every = new_figure(max(2.95 * columns + 0.1, 4.6), 3.1 + 0.22 * len(found), columns)
    for k, (axes, title) in enumerate(zip(every, names, strict=True)):
        for arm, each in found.items():
            role, dashes, marker = drawn_arms.style(arm)
            of, name = each[k], drawn_arms.name(arm)
            axes.vlines(of.probability, of.observed.low, of.observed.high, color=colour(role),
                        lw=1, alpha=0.6)  # fmt: skip
            (line,) = axes.plot(of.probability, of.observed.mean, color=colour(role), ls=dashes,
                                marker=marker, ms=5, lw=1.3, label=wrapped(name, 60))  # fmt: skip
            errors = f"{name}: Brier {of.brier:.3f}, ECE {of.ece:.3f}"
            told(line, errors, str(drawn_arms.every.index(arm)))
        axes.plot([0, 1], [0, 1], color=colour("quiet"), lw=0.8, ls=":")
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        axes.set_title(wrapped(title, 32))
        axes.set_xlabel("predicted probability")
        if k == 0:
            axes.set_ylabel("share observed")
    figure.legend(*every[0].get_legend_handles_labels(), loc="outside lower center",
                  ncols=2 if columns > 1 else 1, frameon=False)  # fmt: skip
    return figure
