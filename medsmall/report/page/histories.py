"""The section of the training histories."""

from typing import TYPE_CHECKING

import pandas as pd

from medsmall.page.palette import colour, drawn, new_figure
from medsmall.page.sections import Drawing, Section
from medsmall.report.cells import Arm
from medsmall.report.page.arms_drawn import DrawnArms, wrapped
from medsmall.report.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 12  # runs of an arm
Histories = dict[Arm, list[tuple[pd.DataFrame, int]]]


def section(drawn_arms: DrawnArms) -> Section | None:
    """Losses by epoch of the drawn arms; None where none of them trains in epochs."""
    found: Histories = {}
    for arm in drawn_arms.arms:
        runs = list(drawn_arms.study.cells[arm, drawn_arms.size].values())[:MOST]
        each = [history for run in runs if (history := _history(run)) is not None]
        if each:
            found[arm] = each
    if not found:
        return None
    one = Section("histories", "Training histories")
    one.text += [
        drawn_arms.which,
        f"Loss of training (thin) and of validation (thick) by epoch, of up to {MOST} runs; a dot "
        "is the epoch that was kept.",
    ]
    without = [drawn_arms.name(arm) for arm in drawn_arms.arms if arm not in found]
    if without:
        one.text.append(f"Without epochs: {'; '.join(without)}.")
    figure = losses(drawn_arms, found)
    one.drawings.append(Drawing("histories", "Losses by epoch", figure))
    return one


def _history(run: Run) -> tuple[pd.DataFrame, int] | None:
    """The epochs of a run, and the one that was kept."""
    if not (run.record.folder / "history.csv").is_file():
        return None
    history = run.record.history
    if len(history) < 2 or not {"train_loss", "val_loss"} <= {*history}:
        return None
    return history, int(run.metrics.get("chosen_epoch", history["epoch"].iloc[-1]))


@drawn
def losses(drawn_arms: DrawnArms, found: Histories) -> "Figure":
    """A panel per arm, all with the same scale."""
    columns = min(len(found), 2)
    rows = -(-len(found) // columns)
    figure, every = new_figure(8.8 if columns > 1 else 5.5, 2.6 * rows, columns, rows)
    every_run = [history for each in found.values() for history, _ in each]
    most = max(float(history["val_loss"].quantile(0.95)) for history in every_run)
    for axes, (arm, each) in zip(every, found.items(), strict=False):
        role = drawn_arms.style(arm)[0]
        for history, kept in each:
            axes.plot(history["epoch"], history["train_loss"], color=colour("quiet"), lw=0.6)
            axes.plot(history["epoch"], history["val_loss"], color=colour(role), lw=1.3, alpha=0.7)
            at = history[history["epoch"] == kept]
            axes.plot(at["epoch"], at["val_loss"], "o", color=colour(role), ms=4)
        axes.set_ylim(0, 1.15 * most)
        axes.set_title(wrapped(drawn_arms.name(arm), 52))
        axes.set_xlabel("epoch")
        axes.locator_params(axis="x", integer=True)
        axes.grid(axis="y", lw=0.6)
    for axes in every[len(found) :]:
        axes.set_axis_off()
    every[0].set_ylabel("loss")
    return figure
