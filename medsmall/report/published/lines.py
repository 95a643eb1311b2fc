"""Published lines under ours in the figure: hollow, thin, and in the colour of the same arm."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from medsmall.page.palette import colour
from medsmall.report.cells import Arm
from medsmall.report.published.counterpart import Counterpart, Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAR = 10  # times our largest size, or part of our smallest: no further
MOST = 5  # drawn arms with names and marks of their own
GREY, MARKERS = colour("missing"), ["o", "s", "^", "v", "P", "X", "D"]  # of arms that ours lack
GAP = 0.042  # of the height, between two marks


class Style(NamedTuple):
    """How one of our arms is drawn: in which colour, with which marker, how far beside its size."""

    colour: str
    marker: str
    beside: float = 1.0


class Mark(NamedTuple):
    """The codes of the defects of a line, at its end."""

    x: float
    y: float
    codes: str
    colour: str


def draw(axes: "Axes", found: Counterpart, styles: Mapping[Arm, Style]) -> list[int]:
    """Draw the numbers at sizes like ours; returns the least and the most labelled films of them.

    Of more than MOST arms only those that ours have, too, if there are any.
    """
    lines = list(found.lines)
    if len({line.arm for line in lines}) > MOST:
        lines = [line for line in lines if line.same] or lines
    arms = list(dict.fromkeys(line.arm for line in lines))
    own = {arm: Style(GREY, MARKERS[k % len(MARKERS)]) for k, arm in enumerate(arms)}
    marks, drawn = [], []
    for line in lines:
        points = _near(found, line)
        if points.empty:
            continue
        style = styles[line.same[0]] if line.same else own[line.arm]
        name = f"published: {found.name(line)}" if len(arms) <= MOST else "published"
        x, y = [n * style.beside for n in points["labels"]], points["value"].tolist()
        axes.plot(x, y, color=style.colour, ls=(0, (2, 2)), lw=1.0, marker=style.marker, ms=5.5,
                  mfc="none", mew=0.9, zorder=1.5, label=name)  # fmt: skip
        axes.vlines(x, points["low"], points["high"], color=style.colour, lw=0.8, zorder=1.4)
        codes = ", ".join(one.code for one in line.defects if one.is_marked)
        if codes and line.experiment == found.question.series[0]:
            marks.append(Mark(x[-1], y[-1], codes, style.colour))
        drawn += points["labels"].tolist()
    if len(arms) <= MOST:
        _write(axes, marks)
    return [min(drawn), max(drawn)] if drawn else []


def _near(found: Counterpart, line: Line) -> pd.DataFrame:
    """The rows of a line at sizes like ours, with their labelled films.

    Of a further series only those between our sizes: tiny draws and all films would stretch the
    axis.
    """
    rows = line.rows.assign(labels=line.labels)
    far = FAR if line.experiment == found.question.series[0] else 1
    return rows[rows["n_train"].between(found.study.sizes[0] / far, found.study.sizes[-1] * far)]


def _write(axes: "Axes", marks: list[Mark]) -> None:
    """The codes right of the ends of their lines, moved up where they would meet."""
    low, high = axes.get_ylim()
    end = max((mark.x for mark in marks), default=0.0)
    last = -float("inf")
    for mark in sorted(marks, key=lambda one: one.y):
        last = max(mark.y, last + GAP * (high - low))
        axes.annotate(mark.codes, (end, last), xytext=(9, 0), textcoords="offset points",
                      fontsize=7.5, color=mark.colour, va="center")  # fmt: skip
