"""Charts of a test, as numbers: each logger has its own way to draw them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a third of a second to import
    from matplotlib.figure import Figure

Line = tuple[list[float], list[float]]


@dataclass(frozen=True)
class Curves:
    """Lines by target, x and y from 0 to 1: "test/roc", "test/pr"."""

    name: str
    title: str
    x: str
    y: str
    lines: dict[str, Line]


@dataclass(frozen=True)
class Confusion:
    """Counts (K, K) of classes: a row for each true one, a column for each predicted one."""

    name: str
    title: str
    classes: list[str]
    counts: list[list[int]]


Chart = Curves | Confusion


def figure(chart: Chart) -> "Figure":
    """The chart as a figure, for loggers that have pictures only."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(5, 4.5), layout="constrained")
    axes = drawn.add_subplot(title=chart.title)
    if isinstance(chart, Curves):
        for name, (x, y) in chart.lines.items():
            axes.plot(x, y, label=name)
        axes.set(xlabel=chart.x, ylabel=chart.y, xlim=(0, 1), ylim=(0, 1.01))
        axes.legend()
        return drawn
    places = range(len(chart.classes))
    axes.imshow(chart.counts, cmap="Blues")
    axes.set(xlabel="predicted", ylabel="true")
    axes.set_xticks(places, chart.classes, rotation=45, ha="right")
    axes.set_yticks(places, chart.classes)
    half = max(map(max, chart.counts)) / 2
    for i, row in enumerate(chart.counts):
        for j, count in enumerate(row):
            colour = "white" if count > half else "black"
            axes.text(j, i, str(count), ha="center", va="center", color=colour)
    return drawn
