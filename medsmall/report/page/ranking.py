"""The section of ROC and precision–recall curves, each a mean over repeats or folds with a band."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from medsmall.evaluation import bands
from medsmall.evaluation.bands import GRID, Band
from medsmall.page.palette import colour, drawn, new_figure, told
from medsmall.page.sections import Drawing, Section
from medsmall.report.cells import Arm
from medsmall.report.page.arms_drawn import DrawnArms, wrapped
from medsmall.task import Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 8  # targets
COLUMNS, SIDE, ALONE = 3, 2.9, 4.4  # panels beside each other; inches of one; of a single one
Bands = dict[Arm, Band]


def section(drawn_arms: DrawnArms) -> Section | None:
    """None for numbers, and where a test set lacks a class of each target."""
    if drawn_arms.first.targets.task is Task.REGRESSION:
        return None
    names = drawn_arms.first.targets.names
    chosen = list(_with_curves(drawn_arms))[:MOST]
    if not chosen:
        return None
    one = Section("curves", "ROC and precision–recall")
    one.text += [
        drawn_arms.which,
        "A line is the mean over repeats or folds, its band the 95% interval at each place: over "
        "repeats and test patients, of folds over folds.",
    ]
    if len(chosen) < len(names):
        one.text.append(
            f"Drawn: {len(chosen)} of {len(names)} targets, those with both classes in each test "
            "and most positives."
        )
    for name, title, curve in (
        ("roc", "ROC curves", bands.roc),
        ("precision_recall", "Precision–recall curves", bands.precision_recall),
    ):
        found = {
            names[k]: {arm: drawn_arms.band(arm, k, curve) for arm in drawn_arms.arms}
            for k in chosen
        }
        shares = [_share(drawn_arms, k) for k in chosen] if name != "roc" else None
        one.drawings.append(Drawing(name, title, panels(drawn_arms, found, shares)))
    return one


def _with_curves(drawn_arms: DrawnArms) -> Iterator[int]:
    """The targets with both classes in each test set, those with most positives first."""
    tests = [test for of in drawn_arms.tests.values() for test in of.values()]
    y = [test.y for test in tests]
    both = [all({0, 1} <= {*of[:, k]} for of in y) for k in range(y[0].shape[1])]
    positives = np.nansum(np.concatenate(y), axis=0)
    yield from (int(k) for k in np.argsort(-positives, kind="stable") if both[k])


def _share(drawn_arms: DrawnArms, k: int) -> float:
    """The share of positives: the precision of guessing."""
    return float(np.nanmean(drawn_arms.first.y[:, k]))


@drawn
def panels(
    drawn_arms: DrawnArms, found: dict[str, Bands], shares: Sequence[float] | None
) -> "Figure":
    """A panel per target, a line per arm; `shares` of positives: precision–recall curves."""
    columns = min(COLUMNS, len(found))
    rows = -(-len(found) // columns)
    legend = 0.25 * len(drawn_arms.arms) if columns < 2 else 0.25 * -(-len(drawn_arms.arms) // 2)
    side = SIDE if len(found) > 1 else ALONE
    figure, every = new_figure(side * columns + 0.1, (side + 0.1) * rows + legend, columns, rows)
    for k, (axes, (name, of_arms)) in enumerate(zip(every, found.items(), strict=False)):
        for arm, band in of_arms.items():
            _line(axes, drawn_arms, arm, band)
        if shares is None:
            axes.plot([0, 1], [0, 1], color=colour("quiet"), lw=0.8, ls=":")
        else:
            axes.axhline(shares[k], color=colour("quiet"), lw=0.8, ls=":")
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        axes.set_title(wrapped(name, 32))
        axes.set_xlabel("1 − specificity" if shares is None else "recall")
        if k % columns == 0:
            axes.set_ylabel("sensitivity" if shares is None else "precision")
    for axes in every[len(found) :]:
        axes.set_axis_off()
    handles, labels = every[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=1 if columns < 2 else 2,
                  frameon=False)  # fmt: skip
    return figure


def _line(axes: "Axes", drawn_arms: DrawnArms, arm: Arm, band: Band) -> None:
    role, dashes, _ = drawn_arms.style(arm)
    name = drawn_arms.name(arm)
    (line,) = axes.plot(
        GRID, band.mean, color=colour(role), lw=1.7, ls=dashes, label=wrapped(name, 60)
    )
    told(line, name, str(drawn_arms.every.index(arm)))
    axes.fill_between(GRID, band.low, band.high, color=colour(role), alpha=0.12, lw=0)
