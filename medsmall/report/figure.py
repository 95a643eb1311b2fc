"""Scores against the labels that were used, one line per arm."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from medsmall.atomic import write_whole
from medsmall.report.arms import Study
from medsmall.report.cells import Cell
from medsmall.report.curves import ArmCurve
from medsmall.report.sentences import in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEGEND, KEY = 105, 9  # characters across the figure, and those that a key and its gap take
STEPS = 13  # of the line of a forecast
# Okabe and Ito's colours and different markers: told apart by everyone, and in grey print
STYLES = [
    ("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#7F7F7F", "D"), ("#CC79A7", "v"),
    ("#56B4E9", "P"), ("#E69F00", "X"),
]  # fmt: skip


def draw(
    study: Study,
    cells: list[Cell],
    metric: str,
    title: str,
    folder: Path,
    curves: Sequence[ArmCurve] = (),
) -> list[Path]:
    """Write curve.png and curve.svg into `folder`.

    A dot is a run, a marker the mean of an arm, its bar the 95% interval; beyond the largest size a
    dashed line is the forecast mean, in its 95% band.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.8), layout="constrained")
    axes = figure.subplots()
    arms = list(dict.fromkeys(cell.arm for cell in cells))
    for k, arm in enumerate(arms):
        beside = 1 + 0.02 * (k - (len(arms) - 1) / 2)
        _line(axes, [cell for cell in cells if cell.arm == arm], STYLES[k % len(STYLES)],
              _plain(study.name(arm)), beside)  # fmt: skip
    for one in curves:
        _forecast(axes, one, STYLES[arms.index(one.arm) % len(STYLES)][0])
    labels = sorted({cell.labels for cell in cells})
    labels += sorted({round(one.labels(one.farthest)) for one in curves})[-1:]
    axes.set_xscale("log")
    axes.set_xticks(labels, [f"{n:,}" for n in labels])
    axes.minorticks_off()
    if len(labels) == 1:
        axes.set_xlim(labels[0] / 2, labels[0] * 2)
    if metric == "auroc":
        axes.axhline(0.5, color="black", lw=0.8, ls=":")
        axes.annotate("chance", (labels[-1], 0.505), fontsize=8, va="bottom", ha="right")
    axes.set_xlabel("labelled images (training and validation)")
    axes.set_ylabel(f"test {in_words(metric)}")
    axes.set_title(_plain(title), loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25)
    axes.margins(x=0.08)
    longest = max(len(study.name(arm)) for arm in arms)
    columns = max(1, min(4, LEGEND // (longest + KEY)))  # more would be cut off at the sides
    figure.legend(loc="outside lower center", ncols=columns, frameon=False)
    files = [folder / "curve.png", folder / "curve.svg"]
    for file in files:
        write_whole(file, partial(figure.savefig, dpi=150, format=file.suffix[1:]))
    return files


def _plain(text: str) -> str:
    """Text in which a dollar is no formula."""
    return text.replace("$", r"\$")


def _forecast(axes: "Axes", curve: ArmCurve, colour: str) -> None:
    sizes = [float(n) for n in np.geomspace(curve.cells[-1].size, curve.farthest, STEPS)]
    at, told = [curve.labels(n) for n in sizes], [curve.score(n) for n in sizes]
    axes.plot(at, [one.median for one in told], color=colour, lw=1.2, ls="--")
    low, high = [one.low for one in told], [one.high for one in told]
    axes.fill_between(at, low, high, color=colour, alpha=0.13, lw=0)


def _line(
    axes: "Axes", cells: list[Cell], style: tuple[str, str], name: str, beside: float
) -> None:
    colour, marker = style
    at = [cell.labels * beside for cell in cells]
    means = [cell.mean for cell in cells]
    axes.plot(at, means, color=colour, lw=1.8, marker=marker, ms=7, label=name)
    for x, cell in zip(at, cells, strict=True):
        values = [one.value for one in cell.scores.values()]
        if len(values) > 1:
            axes.plot([x] * len(values), values, marker, color=colour, ms=3.5, alpha=0.45, lw=0)
        if cell.interval:
            axes.vlines(x, cell.interval.low, cell.interval.high, color=colour, lw=1.2, alpha=0.8)
