"""Scores against the labels that were used, one line per arm."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from medsmall.page.palette import LINES, colour, drawn, new_figure, told
from medsmall.report.arms import Study
from medsmall.report.cells import Cell
from medsmall.report.curves import ArmCurve
from medsmall.report.published import lines, words
from medsmall.report.published.counterpart import Counterpart
from medsmall.report.published.lines import Style
from medsmall.report.sentences import in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEGEND, KEY = 105, 9  # characters across the figure, and those that a key and its gap take
NARROWEST = 0.045  # of the axis, between two of its numbers
STEPS = 13  # of the line of a forecast


@drawn
def learning_curves(
    study: Study,
    cells: Sequence[Cell],
    metric: str,
    title: str,
    curves: Sequence[ArmCurve] = (),
    published: Counterpart | None = None,
) -> "Figure":
    """A dot is a run, a marker the mean of an arm, its bar the 95% interval.

    Beyond the largest size a dashed line is the forecast mean, in its 95% band. Hollow markers are
    `published` numbers.
    """
    arms = list(dict.fromkeys(cell.arm for cell in cells))
    figure, (axes,) = new_figure(8.8, 4.6)
    step = _step([cell.labels for cell in cells])
    roles = {arm: LINES[k % len(LINES)][0] for k, arm in enumerate(arms)}
    styles = {
        arm: Style(colour(roles[arm]), LINES[k % len(LINES)][2],
                   1 + step * (k - (len(arms) - 1) / 2))
        for k, arm in enumerate(arms)
    }  # fmt: skip
    for k, arm in enumerate(arms):
        _line(axes, study, [cell for cell in cells if cell.arm == arm], str(k), styles[arm])
    for one in curves:
        _forecast(axes, one, roles[one.arm])
    labels = sorted({cell.labels for cell in cells})
    labels += sorted({round(one.labels(one.farthest)) for one in curves})[-1:]
    theirs = lines.draw(axes, published, styles) if published else []
    axes.set_xscale("log")
    ticks = _apart([*labels, *theirs])
    axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
    axes.minorticks_off()
    if len(labels) == 1:
        axes.set_xlim(labels[0] / 2, labels[0] * 2)
    if metric == "auroc":
        axes.axhline(0.5, color=colour("ink"), lw=0.8, ls=":")
        axes.annotate("chance", (labels[-1], 0.505), fontsize=8, va="bottom", ha="right")
    axes.set_xlabel("labelled images (training and validation)")
    axes.set_ylabel(f"test {in_words(metric)}")
    axes.set_title(title)
    axes.grid(axis="y", lw=0.6)
    axes.set_axisbelow(True)
    axes.margins(x=0.08)
    entries = {name: line for line, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    columns = max(1, min(4, LEGEND // (max(map(len, entries)) + KEY)))  # more would be cut off
    figure.set_figheight(4.4 + 0.2 * -(-len(entries) // columns) + (0.4 if published else 0.0))
    figure.legend(
        entries.values(), entries, loc="outside lower center", ncols=columns, frameon=False,
        title=words.caption(published) if published else None, title_fontsize=8,
    )  # fmt: skip
    return figure


def _step(labels: Sequence[int]) -> float:
    """How far arms stand beside each other, as a part of their labels: less on a short axis."""
    span = np.log(max(labels) / min(labels))
    return 0.02 * float(min(1.0, span / np.log(8))) if span else 0.02


def _apart(labels: Sequence[int]) -> list[int]:
    """Those whose numbers can stand beside those of the ones before them, on a log axis."""
    least = NARROWEST * np.log(max(labels) / min(labels))
    ticks: list[int] = []
    for label in labels:
        if all(abs(np.log(label / tick)) >= least for tick in ticks):
            ticks.append(label)
    return ticks


def _forecast(axes: "Axes", curve: ArmCurve, role: str) -> None:
    sizes = [float(n) for n in np.geomspace(curve.cells[-1].size, curve.farthest, STEPS)]
    at, of_size = [curve.labels(n) for n in sizes], [curve.score(n) for n in sizes]
    axes.plot(at, [one.median for one in of_size], color=colour(role), lw=1.2, ls="--")
    low, high = [one.low for one in of_size], [one.high for one in of_size]
    axes.fill_between(at, low, high, color=colour(role), alpha=0.13, lw=0)


def _line(axes: "Axes", study: Study, cells: list[Cell], group: str, drawn_as: Style) -> None:
    hue, marker, beside = drawn_as
    style: dict[str, Any] = {"color": hue, "marker": marker}
    at = [cell.labels * beside for cell in cells]
    name = study.name(cells[0].arm)
    (line,) = axes.plot(at, [cell.mean for cell in cells], lw=1.8, ms=7, label=name, **style)
    told(line, name, group)
    for x, cell in zip(at, cells, strict=True):
        values = [one.value for one in cell.scores.values()]
        if len(values) > 1:
            axes.plot([x] * len(values), values, ms=3.5, alpha=0.45, lw=0, **style)
        if cell.interval:
            bar = axes.vlines(x, *cell.interval, color=hue, lw=1.2, alpha=0.8)
            told(bar, in_one_line(study, cell), group)


def in_one_line(study: Study, cell: Cell) -> str:
    """A cell as the pointer tells it."""
    limits = f" [{cell.interval.low:.3f}, {cell.interval.high:.3f}]" if cell.interval else ""
    return f"{study.name(cell.arm)}, {study.at(cell.size)}: {cell.mean:.3f}{limits}"
