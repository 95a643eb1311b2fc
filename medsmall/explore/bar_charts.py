"""Bars: the figures of counts, each drawn from one table of `labels` or `people`.

Bars are told apart by colour and hatch, and carry their numbers.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from medsmall.explore.labels import WHOLE
from medsmall.page.palette import SERIES, colour, drawn, new_figure
from medsmall.page.sections import per_cent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 8.8  # inches; the page shows 96 px for each
PIECES = {"positive": ("b", "////"), "negative": ("a", ""), "unknown": ("missing", "....")}


def plain(name: object, longest: int = 28) -> str:
    """A name as it stands in a figure: cut where it is long."""
    text = str(name)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def bars(
    axes: "Axes", y: Any, width: Any, thickness: float, style: tuple[str, str], label: str,
    left: Any = None,
) -> Any:  # fmt: skip
    """Horizontal bars in the colour and hatch of a series."""
    role, hatch = style
    return axes.barh(
        y, width, thickness, left=left, color=colour(role), hatch=hatch, label=plain(label),
        edgecolor=colour("surface"), linewidth=0.7,
    )  # fmt: skip


def stacked(axes: "Axes", names: Sequence[str], pieces: pd.DataFrame, notes: list[str]) -> None:
    """A bar per name out of its `pieces`, one column each, with its note at the end."""
    left = np.zeros(len(names))
    for piece in pieces:
        style = PIECES.get(str(piece), ("a", ""))
        last = bars(axes, range(len(names)), pieces[piece], 0.72, style, str(piece), left)
        left = left + pieces[piece].to_numpy()
    axes.bar_label(last, notes, padding=3, fontsize=7.5)
    named(axes, names)
    axes.locator_params(axis="x", integer=True)
    axes.xaxis.set_major_formatter("{x:,.0f}")


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
    figure, (axes,) = new_figure(WIDTH, 0.9 + len(targets) * (0.1 + 0.19 * len(parts)))
    thickness = 0.8 / len(parts)
    for k, part in enumerate(parts):
        rows = counts[counts["part"] == part]
        y = np.arange(len(targets)) + (k - (len(parts) - 1) / 2) * thickness
        style = SERIES[k % len(SERIES)]
        drawn_bars = bars(axes, y, rows["prevalence"].fillna(0), thickness, style, part)
        notes = [
            f"{per_cent(share)} ({n:,})" if share == share else "nothing known"
            for share, n in zip(rows["prevalence"], rows["positive"], strict=True)
        ]
        axes.bar_label(drawn_bars, notes, padding=4, fontsize=7.5)
    named(axes, targets)
    largest = counts.loc[counts["part"].isin(parts), "prevalence"].max()
    axes.set_xlim(0, 1.25 * largest or 0.01)  # room for the numbers
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= 1])
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")
    axes.set_xlabel("positive images among those of known label (number)")
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
    divided = [piece for piece in PIECES if piece in table and table[piece].any()]
    for axes, part in zip(many, parts, strict=True):
        rows = table[table["split"] == part].set_index(name).loc[values]
        notes = [f"{n:,}" for n in rows["images"]]
        if divided:
            shares = rows["positive"] / rows["images"]
            notes = [
                f"{n} ({per_cent(share)} pos.)" for n, share in zip(notes, shares, strict=True)
            ]
        first = axes is many[0]
        stacked(axes, values if first else [""] * len(values), rows[divided or ["images"]], notes)
        if len(parts) > 1:
            axes.set_title(plain(part))
        axes.set_xlim(0, max(1, rows["images"].max()) * (1.62 if divided else 1.3))
        axes.locator_params(axis="x", nbins=max(3, 7 - 2 * len(parts)))
        axes.set_xlabel("images")
    if divided:
        below(figure, many[0])
    return figure


@drawn
def patients(table: pd.DataFrame) -> "Figure":
    """Bars of how many patients have how many images, of `people.per_patient`."""
    figure, (axes,) = new_figure(WIDTH, 0.8 + 0.26 * len(table))
    numbers = zip(table["patients"], map(per_cent, table["share"]), strict=True)
    names = [f"{images} image{'s' * (images != '1')}" for images in table["images"]]
    stacked(axes, names, table[["patients"]], [f"{n:,} ({share})" for n, share in numbers])
    axes.set_xlim(0, max(1, table["patients"].max()) * 1.18)
    axes.set_xlabel("patients")
    return figure


@drawn
def unknown(counts: pd.DataFrame) -> "Figure":
    """Bars of positive, negative and unknown labels per target, of one part of `labels.count`."""
    figure, (axes,) = new_figure(WIDTH, 1.1 + 0.26 * len(counts))
    notes = [f"{per_cent(share)} unknown" for share in counts["unknown"] / counts["images"]]
    stacked(axes, list(counts["target"]), counts[list(PIECES)], notes)
    axes.set_xlim(0, max(1, counts["images"].max()) * 1.2)
    axes.set_xlabel("images")
    below(figure, axes)
    return figure
