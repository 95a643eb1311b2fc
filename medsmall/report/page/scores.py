"""The section of the scores: learning curves or one dot per arm, a heat map, the table."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.page.palette import LINES, Format, colour, drawn, new_figure, picture, told
from medsmall.page.sections import Drawing, Link, Section, Table
from medsmall.report.arms import Study
from medsmall.report.cells import Arm, Cell, goodness
from medsmall.report.figure import in_one_line, learning_curves
from medsmall.report.page.arms_drawn import DrawnArms
from medsmall.report.published import table as published
from medsmall.report.question import Answer
from medsmall.report.sentences import in_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, LEVELS, NARROW = 6.8, 6, 480
KINDS: tuple[Format, ...] = ("png", "svg", "pdf")
LONGEST = 46  # characters of an arm's name beside a figure


def section(found: Answer, every: Sequence[Arm]) -> Section:
    """How each arm scores at each size; `every` arm, in the order of their colours."""
    study = found.study
    cells = sorted(found.cells, key=lambda cell: (every.index(cell.arm), cell.size))
    one = Section("scores", "Scores")
    one.text.append(
        "A marker is the mean over folds, its bar the 95% interval over folds; small dots are "
        "single runs."
        if study.is_kfold
        else "A marker is the mean over repeats, its bar the 95% interval over repeats and test "
        "patients; small dots are single runs."
    )
    one.text += found.lacking
    held = [curve for curve in found.curves if curve.tested.held]
    if len(study.sizes) > 1:
        figure = learning_curves(study, cells, found.metric, "", held, found.published)
        one.drawings.append(Drawing("learning_curves", "Learning curves", figure))
        if len({cell.arm for cell in cells}) > 1:
            title = f"Mean test {in_words(found.metric)} by arm and size"
            one.drawings.append(
                Drawing("heat_map", title, heat_map(study, cells, found.metric), NARROW)
            )
    else:
        one.drawings.append(Drawing("arms", "Arms", dots(study, cells, found.metric), NARROW))
    if found.published:
        one.text.append("Published numbers (hollow in curves) and their flaws are in the table.")
        beside = published.table(found.published, cells).drop(columns=["note", "source"])
        for name in ("repeats", "labels"):
            beside[name] = beside[name].astype("Int64")
        one.tables.append(Table("published", "Published numbers", beside, folded=True, decimals=3))
    one.tables.append(Table("scores", "All scores", frame(study, cells), folded=True, decimals=3))
    return one


def pictures(found: Answer) -> dict[str, Callable[[], bytes]]:
    """`learning_curves` as curve.png, curve.svg and curve.pdf, drawn when first called.

    An arm has the colour that it has on the page.
    """
    every = DrawnArms.of(found.study, found.cells, found.metric, found.comparisons).every
    cells = sorted(found.cells, key=lambda cell: (every.index(cell.arm), cell.size))
    held = [one for one in found.curves if one.tested.held]

    @cache
    def figure() -> "Figure":
        return learning_curves(found.study, cells, found.metric, found.title, held, found.published)

    return {f"curve.{kind}": partial(_picture, figure, kind) for kind in KINDS}


def _picture(figure: "Callable[[], Figure]", kind: Format) -> bytes:
    return picture(figure(), kind)


def anchor(study: Study, arm: Arm, size: int) -> str:
    """Where the runs of a cell are listed."""
    return f"runs-{study.arms.index(arm)}-{size}"


def frame(study: Study, cells: Sequence[Cell]) -> pd.DataFrame:
    """One row per arm and size; the number of repeats leads to the runs."""
    return pd.DataFrame(
        [
            {
                "arm": study.name(cell.arm), study.size_column: cell.size, "labels": cell.labels,
                "mean": cell.mean,
                "low": cell.interval.low if cell.interval else np.nan,
                "high": cell.interval.high if cell.interval else np.nan,
                "validation": np.nan if cell.validation is None else cell.validation,
                "runs": Link(_runs(len(cell.scores)), f"#{anchor(study, cell.arm, cell.size)}"),
            }
            for cell in cells
        ]
    )  # fmt: skip


def _runs(count: int) -> str:
    return f"{count:,} run{'s' * (count != 1)}"


def cut(name: str, longest: int = LONGEST) -> str:
    """A name that fits beside a figure."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


@drawn
def dots(study: Study, cells: Sequence[Cell], metric: str) -> "Figure":
    """A row per arm, the best on top: its mean, interval and single runs."""
    every = list(dict.fromkeys(cell.arm for cell in cells))
    rows = sorted(cells, key=lambda cell: -goodness(metric, cell.mean))
    figure, (axes,) = new_figure(WIDTH, 0.9 + 0.42 * len(rows))
    for y, cell in enumerate(rows):
        k = every.index(cell.arm)
        role, _, marker = LINES[k % len(LINES)]
        values = [one.value for one in cell.scores.values()]
        if len(values) > 1:
            axes.plot(values, np.full(len(values), y + 0.2), marker, ms=3, alpha=0.5,
                      color=colour(role), lw=0)  # fmt: skip
        if cell.interval:
            axes.hlines(y, *cell.interval, color=colour(role), lw=2)
        (mark,) = axes.plot([cell.mean], [y], marker, ms=7, color=colour(role))
        told(mark, in_one_line(study, cell), str(k))
    axes.set_yticks(range(len(rows)), [cut(study.name(cell.arm)) for cell in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", lw=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"test {in_words(metric)}, {study.at(rows[0].size)}")
    return figure


@drawn
def heat_map(study: Study, cells: Sequence[Cell], metric: str) -> "Figure":
    """A square per arm and size with its mean, darker where it is better."""
    arms, sizes = list(dict.fromkeys(cell.arm for cell in cells)), study.sizes
    means = {(cell.arm, cell.size): cell.mean for cell in cells}
    good = {place: goodness(metric, mean) for place, mean in means.items()}
    edges = np.quantile([*good.values()], np.linspace(0, 1, LEVELS + 1)[1:-1])
    figure, (axes,) = new_figure(WIDTH, 0.8 + 0.34 * len(arms))
    for row, arm in enumerate(arms):
        for column, size in enumerate(sizes):
            if (mean := means.get((arm, size))) is None:
                continue
            level = int(np.searchsorted(edges, good[arm, size], side="right"))
            axes.broken_barh([(column + 0.02, 0.96)], (row + 0.03, 0.94),
                             color=colour(f"heat_{level}"), lw=0)  # fmt: skip
            ink = colour("heat_ink" if level >= 4 else "ink")
            axes.text(column + 0.5, row + 0.5, f"{mean:.3f}", ha="center", va="center", color=ink,
                      fontsize=8.5 if len(sizes) <= 10 else 7)  # fmt: skip
    axes.set_xlim(0, len(sizes))
    axes.set_ylim(len(arms), 0)
    axes.set_xticks(np.arange(len(sizes)) + 0.5, [f"{size:,}" for size in sizes])
    axes.set_yticks(np.arange(len(arms)) + 0.5, [cut(study.name(arm)) for arm in arms])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("training images" if study.size_column == "train_images" else study.along)
    return figure
