"""The figures that are no bars, each drawn from one table of `labels`, `people` or `pixels`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from medsmall.explore.bar_charts import WIDTH, below, named, plain
from medsmall.explore.palette import LINES, colour, drawn, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAT_EDGES = [0.02, 0.05, 0.1, 0.2, 0.4]  # shares at which the next shade begins


@drawn
def cooccurrence(pairs: pd.DataFrame) -> "Figure":
    """A heat map of P(column | row) in per cent with the number of images, of `labels.cooccur`."""
    targets = list(pairs["target"].unique())
    square = pairs.set_index(["given", "target"]).loc[[(g, t) for g in targets for t in targets]]
    shares, both = (
        square[name].to_numpy().reshape(len(targets), -1) for name in ("share", "together")
    )
    size = len(targets)
    figure, (axes,) = new_figure(2.2 + 0.5 * size, 1.7 + 0.37 * size)
    for row in range(size):
        for column in range(size):
            value, n = shares[row, column], both[row, column]
            own = row == column
            level = (
                0 if own or np.isnan(value) else int(np.searchsorted(HEAT_EDGES, value, "right"))
            )
            axes.add_patch(_cell(column, row, level))
            ink = colour("heat_ink" if level >= 4 else "ink")
            text = f"{n:,}" if own else "–" if np.isnan(value) else f"{100 * value:.0f}"
            axes.text(column, row - (0 if own else 0.14), text, ha="center", va="center",
                      fontsize=8, color=ink, weight="bold" if own else "normal")  # fmt: skip
            if not own:
                axes.text(column, row + 0.25, f"{n:,}", ha="center", va="center", fontsize=6.5,
                          color=ink)  # fmt: skip
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    names = [plain(target, 22) for target in targets]
    axes.set_xticks(range(size), names, rotation=45, ha="left", rotation_mode="anchor")
    axes.xaxis.tick_top()
    axes.set_yticks(range(size), names)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel("large: % of the row's images that are positive for the column; "
                    "small: images with both", fontsize=8)  # fmt: skip
    return figure


def _cell(column: int, row: int, level: int) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(
        (column - 0.5, row - 0.5), 1, 1,
        facecolor=colour(f"heat_{level}"), edgecolor=colour("surface"), linewidth=1,
    )  # fmt: skip


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
    edges = round_edges(pd.concat(values.values()).dropna())
    for k, (name, group) in enumerate(values.items()):
        role, line, _ = LINES[k % len(LINES)]
        axes.hist(group.dropna(), edges, histtype="step", color=colour(role), ls=line, lw=1.8,
                  label=plain(f"{name} ({group.notna().sum():,})"))  # fmt: skip
    axes.set_xlabel(plain(label))
    axes.set_ylabel("images")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y", lw=0.6)
    axes.set_axisbelow(True)
    below(figure, axes)
    return figure


def round_edges(known: pd.Series, bins: int = 24) -> list[float]:
    """Edges of at most about `bins` bins that are 1, 2 or 5 times a power of ten wide.

    Round, because ages and the like heap on round numbers: other widths make a comb of them.
    """
    low, high = float(known.min()), float(known.max())
    finest = max(high - low, 1e-9) / bins
    power = 10.0 ** np.floor(np.log10(finest))
    width = next(step * power for step in (1, 2, 5, 10) if step * power >= finest * (1 - 1e-9))
    first, last = np.floor(low / width), np.floor(high / width) + 1
    return [float(edge * width) for edge in np.arange(first, last + 1)]


@drawn
def sizes(table: pd.DataFrame) -> "Figure":
    """Width against height, the area of a dot by the number of images, of `pixels.sizes`."""
    figure, (axes,) = new_figure(WIDTH, 3.8)
    area = 12 + 288 * table["images"] / table["images"].max()
    axes.scatter(table["width"], table["height"], s=area, color=colour("a"), alpha=0.55, lw=0)
    longest = max(table["width"].max(), table["height"].max()) * 1.06
    axes.plot([0, longest], [0, longest], color=colour("quiet"), lw=0.8, ls=":")
    axes.annotate("square", (longest, longest), (-4, -12), textcoords="offset points", ha="right",
                  fontsize=8, color=colour("quiet"))  # fmt: skip
    axes.set_xlim(0, longest)
    axes.set_ylim(0, longest)
    axes.set_xlabel("width (px)")
    axes.set_ylabel("height (px)")
    axes.grid(lw=0.6)
    axes.set_axisbelow(True)
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
            label="80 % of the grey images",
        )
        axes.plot(levels["level"], levels["grey"], color=colour("ink"), lw=1.8, label="grey")
    channels = {"red": LINES[1], "green": LINES[2], "blue": LINES[0]}
    for name, (role, line, _) in channels.items():
        if name in levels:
            axes.plot(
                levels["level"], levels[name], color=colour(role), ls=line, lw=1.8, label=name
            )
    axes.set_xlim(0, 255)
    axes.set_ylim(0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("grey level (0 black, 255 white)")
    axes.set_ylabel("pixels, per 4 levels")
    axes.grid(axis="y", lw=0.6)
    axes.set_axisbelow(True)
    below(figure, axes)
    return figure
