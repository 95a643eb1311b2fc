"""The section of predicted numbers against true ones."""

from typing import TYPE_CHECKING

import numpy as np

from medsmall.page.palette import colour, drawn, new_figure
from medsmall.page.sections import Drawing, Section
from medsmall.report.page.arms_drawn import DrawnArms, wrapped
from medsmall.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 2000  # dots of a panel


def section(drawn_arms: DrawnArms) -> Section | None:
    """None for findings and classes."""
    if drawn_arms.first.targets.task is not Task.REGRESSION:
        return None
    one = Section("numbers", "Predicted against true")
    one.text += [
        drawn_arms.which,
        "A dot is one test prediction of one run; on the dotted line is no error.",
    ]
    for k, name in enumerate(drawn_arms.first.targets.names):
        one.drawings.append(Drawing(f"numbers_{k + 1}", name, scatter(drawn_arms, k)))
    return one


@drawn
def scatter(drawn_arms: DrawnArms, k: int) -> "Figure":
    """A panel per arm."""
    columns = min(len(drawn_arms.arms), 3)
    rows = -(-len(drawn_arms.arms) // columns)
    figure, every = new_figure(2.95 * columns + 0.1, 3.0 * rows + 0.1, columns, rows)
    of_arms = {}
    for arm in drawn_arms.arms:
        tests = list(drawn_arms.tests[arm].values())
        both = [np.concatenate([of[:, k] for of in (t.y for t in tests)]),
                np.concatenate([t.predicted[:, k] for t in tests])]  # fmt: skip
        order = np.random.default_rng(0).permutation(len(both[0]))[:MOST]
        of_arms[arm] = [of[order] for of in both]
    every_one = np.concatenate([np.concatenate(of) for of in of_arms.values()])
    least, most = float(np.nanmin(every_one)), float(np.nanmax(every_one))
    for axes, (arm, (y, predicted)) in zip(every, of_arms.items(), strict=False):
        role, _, marker = drawn_arms.style(arm)
        axes.plot(y, predicted, marker, color=colour(role), ms=3, alpha=0.35, lw=0)
        axes.plot([least, most], [least, most], color=colour("quiet"), lw=0.8, ls=":")
        axes.set_aspect("equal")
        axes.set_title(wrapped(drawn_arms.name(arm), 32))
        axes.set_xlabel("true")
    for axes in every[len(of_arms) :]:
        axes.set_axis_off()
    every[0].set_ylabel("predicted")
    return figure
