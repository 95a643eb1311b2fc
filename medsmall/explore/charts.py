"""The figures that are no bars, each drawn from one table of `labels`, `people` or `pixels`."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from medsmall.explore.bar_charts import WIDTH, below, named, plain
from medsmall.page.palette import LINES, colour, drawn, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAT_EDGES = [0.02, 0.05, 0.1, 0.2, 0.4]  # shares at which the next shade begins


@drawn
def cooccurrence(pairs: pd.DataFrame) -> "Figure":
    """A heat map of P(column | row) in per cent with the number of images, of `labels.cooccur`."""
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    targets = list(pairs["target"].unique())
    size = len(targets)
    shares, both = (
        pairs.pivot(index="given", columns="target", values=name).loc[targets, targets].to_numpy()
        for name in ("share", "together")
    )
    figure, (axes,) = new_figure(2.2 + 0.5 * size, 2.1 + 0.37 * size)
    shown = np.where(np.eye(size, dtype=bool), 0, np.nan_to_num(shares))
    shades = ListedColormap([colour(f"heat_{level}") for level in range(6)])
    axes.pcolormesh(shown, cmap=shades, norm=BoundaryNorm([0, *HEAT_EDGES, 1.01], 6),
                    edgecolors=colour("surface"), lw=1)  # fmt: skip
    for row, column in np.ndindex(size, size):
        share, n, own = shares[row, column], both[row, column], row == column
        ink = colour("heat_ink" if shown[row, column] >= HEAT_EDGES[3] else "ink")
        text = f"{n:,}" if own else "–" if np.isnan(share) else f"{100 * share:.0f}%\n({n:,})"
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=7.5,
                  color=ink, weight="bold" if own else "normal")  # fmt: skip
    names = [plain(target, 22) for target in targets]
    middles = np.arange(size) + 0.5
    axes.set_xticks(middles, names, rotation=45, ha="left", rotation_mode="anchor")
    axes.xaxis.tick_top()
    axes.set_yticks(middles, names)
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    ends = [0, *HEAT_EDGES, 1]
    key = [
        Patch(color=colour(f"heat_{level}"), label=f"{low:.0%}–{high:.0%}")
        for level, (low, high) in enumerate(pairwise(ends))
    ]
    figure.legend(handles=key, loc="outside lower center", ncols=6 if size > 4 else 3,
                  frameon=False, handlelength=1, columnspacing=1)  # fmt: skip
    return figure


@drawn
def ages_and_sexes(table: pd.DataFrame, targets: Sequence[str]) -> "Figure":
    """Median age with quartiles, and the share of women, of positives and of negatives.

    `table` is of `people.age_and_sex` for `people.positives_and_negatives`.
    """
    rows = table.set_index("group")
    figure, (left, right) = new_figure(WIDTH, 1.2 + 0.36 * len(targets), columns=2)
    for k, (word, (role, _, marker)) in enumerate(
        zip(["positive", "negative"], [LINES[1], LINES[0]], strict=True)
    ):
        chosen = rows.loc[[t if k == 0 else f"not {t}" for t in targets]]
        y = np.arange(len(targets)) + (-0.16, 0.16)[k]
        style: dict[str, Any] = {"color": colour(role), "label": word}
        left.hlines(y, chosen["quartile_1"], chosen["quartile_3"], color=colour(role), lw=2)
        left.plot(chosen["median"], y, marker, ms=5.5, **style)
        right.plot(chosen["female_share"], y, marker, ms=5.5, **style)
    named(left, targets)
    named(right, [""] * len(targets))
    right.set_xlim(-0.03, 1.03)
    right.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    left.set_title("Age (years): median, quartiles")
    right.set_title("Women among those of known sex")
    below(figure, left)
    return figure


@drawn
def histogram(values: dict[str, pd.Series], label: str) -> "Figure":
    """Outlines of the distribution of numbers in several groups, on common bins."""
    figure, (axes,) = new_figure(WIDTH, 3.0)
    edges = even_edges(pd.concat(values.values()).dropna())
    for k, (name, group) in enumerate(values.items()):
        role, line, _ = LINES[k % len(LINES)]
        axes.hist(group.dropna(), edges, histtype="step", color=colour(role), ls=line, lw=1.8,
                  label=plain(f"{name} ({group.notna().sum():,})"))  # fmt: skip
    axes.set_xlabel(f"{plain(label)}, in steps of {edges[1] - edges[0]:.4g}")
    axes.set_ylabel("images")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y", lw=0.6)
    axes.set_axisbelow(True)
    below(figure, axes)
    return figure


def even_edges(known: pd.Series, bins: int = 24) -> list[float]:
    """Edges of at most about `bins` equal bins around all values.

    Whole numbers get bins of as many whole numbers each, and of whole years or tens where most of
    them are such (bone ages in months are read in years): other bins make a comb of them.
    """
    from matplotlib.ticker import MaxNLocator

    units = [unit for unit in (12, 10, 5) if unit <= (known.max() - known.min()) / 5]
    telling = known[known != 0] if known.any() else known  # 0 is a multiple of everything
    unit = next((unit for unit in (*units, 1) if (telling % unit == 0).mean() > 0.5), None)
    ticks = MaxNLocator(bins, steps=[1, 2, 5, 10], integer=unit is not None)
    if unit is None:
        return list(ticks.tick_values(known.min(), known.max()))
    low, high = known.min() // unit, known.max() // unit + 1  # a bin holds its lower edge
    return [unit * edge for edge in ticks.tick_values(low, high)]


@drawn
def sizes(table: pd.DataFrame) -> "Figure":
    """Width against height, the area of a dot by the share of the images, of `pixels.sizes`."""
    figure, (axes,) = new_figure(WIDTH, 3.8)
    area = 12 + 288 * table["images"] / table["images"].sum()
    axes.scatter(table["width"], table["height"], s=area, color=colour("a"), alpha=0.55, lw=0)
    sides = table[["width", "height"]].to_numpy()
    ends = [sides.min(), sides.max()]
    axes.plot(ends, ends, color=colour("quiet"), lw=0.8, ls=":", label="square", zorder=0)
    axes.set_xlabel("width (px)")
    axes.set_ylabel("height (px)")
    axes.grid(lw=0.6)
    axes.set_axisbelow(True)
    below(figure, axes)
    return figure


@drawn
def grey_levels(levels: pd.DataFrame) -> "Figure":
    """The average histogram of the images, of `pixels.grey_levels`."""
    figure, (axes,) = new_figure(WIDTH, 2.8)
    if "grey" in levels:
        axes.fill_between(
            levels["level"],
            levels["grey_low"],
            levels["grey_high"],
            lw=0,
            color=colour("missing"),
            alpha=0.45,
            label="middle 80% of grey images",
        )
        axes.plot(
            levels["level"],
            levels["grey"],
            color=colour("ink"),
            lw=1.8,
            label="mean of grey images",
        )
    channels = {"red": LINES[1], "green": LINES[2], "blue": LINES[0]}
    for name, (role, line, _) in channels.items():
        if name in levels:
            axes.plot(
                levels["level"], levels[name], color=colour(role), ls=line, lw=1.8, label=name
            )
    axes.set_xlim(0, 255)
    axes.set_ylim(0, 1.1 * levels.drop(columns="level").to_numpy()[1:-1].max() or 1)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.2g}%")
    axes.set_xlabel("grey level (0 black, 255 white: both may be off the scale)")
    axes.set_ylabel("pixels, per 4 levels")
    axes.grid(axis="y", lw=0.6)
    axes.set_axisbelow(True)
    below(figure, axes)
    return figure
