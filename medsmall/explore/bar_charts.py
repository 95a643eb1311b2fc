"""Bars: the figures of counts, each drawn from one table of `labels` or `people`.

Bars are told apart by colour and hatch, and carry their numbers.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from medsmall.explore.labels import WHOLE
from medsmall.explore.palette import SERIES, colour, drawn, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 8.8  # inches; the page shows 96 px for each


def plain(name: object, longest: int = 28) -> str:
    """A name as it stands in a figure: cut where it is long."""
    text = str(name)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def percent(share: float) -> str:
    """0.1234 as 12%, with a decimal below ten per cent and two below one."""
    if np.isnan(share):
        return "–"
    if share in (0, 1):
        return f"{share:.0%}"
    return f"{share:.2%}" if share < 0.01 else f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def bars(
    axes: "Axes", y: Any, width: Any, thickness: float, role: str, hatch: str, label: str,
    left: Any = None,
) -> None:  # fmt: skip
    """Horizontal bars in the colour and hatch of a series."""
    axes.barh(
        y, width, thickness, left=left, color=colour(role), hatch=hatch, label=plain(label),
        edgecolor=colour("surface"), linewidth=0.7,
    )  # fmt: skip


def named(axes: "Axes", names: Sequence[str]) -> None:
    """Names on the vertical axis from the top down."""
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", lw=0.6)
    axes.set_axisbelow(True)


def below(figure: "Figure", axes: "Axes") -> None:
    """One legend for the figure, under it."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)


@drawn
def prevalence(counts: pd.DataFrame) -> "Figure":
    """Bars of the prevalence per target (of `labels.count`), one per part, with their numbers."""
    parts = [part for part in counts["part"].unique() if part != WHOLE] or [WHOLE]
    targets = list(counts["target"].unique())
    wide = counts.pivot(index="target", columns="part", values="prevalence").loc[targets]
    positives = counts.pivot(index="target", columns="part", values="positive").loc[targets]
    figure, (axes,) = new_figure(WIDTH, 0.9 + len(targets) * (0.1 + 0.19 * len(parts)))
    thickness = 0.8 / len(parts)
    for k, part in enumerate(parts):
        role, hatch = SERIES[k % len(SERIES)]
        y = np.arange(len(targets)) + (k - (len(parts) - 1) / 2) * thickness
        bars(axes, y, wide[part].fillna(0), thickness, role, hatch, part)
        for at, share, n in zip(y, wide[part], positives[part], strict=True):
            label = f"{percent(share)} ({n:,})" if share == share else "nothing known"
            axes.annotate(
                label, (0 if share != share else share, at), (4, 0),
                textcoords="offset points", va="center", fontsize=7.5,
            )  # fmt: skip
    named(axes, targets)
    largest = float(np.nanmax(wide[parts].to_numpy(), initial=1e-4))
    axes.set_xlim(0, largest * 1.25)  # room for the numbers
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= 1])
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")
    axes.set_xlabel("share of the images of known label that are positive (number of positives)")
    if len(parts) > 1:
        below(figure, axes)
    return figure


@drawn
def categories(table: pd.DataFrame) -> "Figure":
    """Bars per value of a column (of `people.by_category`), the parts side by side.

    With one target the bars are divided into positive, negative and unknown.
    """
    name = table.columns[0]
    parts, values = list(table["split"].unique()), list(table[name].unique())
    figure, many = new_figure(WIDTH, 1.1 + 0.27 * len(values), columns=len(parts))
    divided = "positive" in table
    for axes, part in zip(many, parts, strict=True):
        rows = table[table["split"] == part].set_index(name).loc[values]
        left = np.zeros(len(values))
        pieces = ["positive", "negative", "unknown"] if divided else ["images"]
        styles = [("b", "////"), ("a", ""), ("missing", "....")] if divided else [("a", "")]
        for piece, (role, hatch) in zip(pieces, styles, strict=True):
            if rows[piece].any() or piece != "unknown":
                bars(axes, range(len(values)), rows[piece], 0.72, role, hatch, piece, left)
            left = left + rows[piece].to_numpy()
        for y, total in enumerate(left):
            share = rows["positive"].iloc[y] / total if divided and total else None
            note = f"{total:,.0f}" + ("" if share is None else f" ({percent(share)} pos.)")
            axes.annotate(
                note, (total, y), (3, 0), textcoords="offset points", va="center", fontsize=7.5
            )
        named(axes, values if axes is many[0] else [""] * len(values))
        if len(parts) > 1:
            axes.set_title(plain(part))
        axes.set_xlim(0, max(1, left.max()) * (1.62 if divided else 1.3))
        axes.locator_params(axis="x", nbins=3)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("images")
    if divided:
        below(figure, many[0])
    return figure


@drawn
def patients(table: pd.DataFrame) -> "Figure":
    """Bars of how many patients have how many images, of `people.per_patient`."""
    figure, (axes,) = new_figure(WIDTH, 0.8 + 0.26 * len(table))
    bars(axes, range(len(table)), table["patients"], 0.72, "a", "", "")
    for y, (n, share) in enumerate(zip(table["patients"], table["share"], strict=True)):
        axes.annotate(f"{n:,} ({percent(share)})", (n, y), (4, 0), textcoords="offset points",
                      va="center", fontsize=8)  # fmt: skip
    named(axes, list(table["images"]))
    axes.set_xlim(0, max(1, table["patients"].max()) * 1.18)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel("images of a patient")
    axes.set_xlabel("patients")
    return figure


@drawn
def unknown(counts: pd.DataFrame) -> "Figure":
    """Bars of positive, negative and unknown labels per target, of one part of `labels.count`."""
    figure, (axes,) = new_figure(WIDTH, 1.1 + 0.26 * len(counts))
    left = np.zeros(len(counts))
    styles = [("positive", "b", "////"), ("negative", "a", ""), ("unknown", "missing", "....")]
    for word, role, hatch in styles:
        bars(axes, range(len(counts)), counts[word], 0.72, role, hatch, word, left)
        left = left + counts[word].to_numpy()
    for y, (n, images) in enumerate(zip(counts["unknown"], counts["images"], strict=True)):
        axes.annotate(f"{percent(n / images)} unknown", (images, y), (4, 0), va="center",
                      textcoords="offset points", fontsize=7.5)  # fmt: skip
    named(axes, list(counts["target"]))
    axes.set_xlim(0, max(1, left.max()) * 1.2)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("images")
    below(figure, axes)
    return figure
