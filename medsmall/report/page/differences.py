"""The section of the paired differences: a forest plot and its table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.evaluation.scales import LOWER_IS_BETTER
from medsmall.page.palette import colour, drawn, new_figure, told
from medsmall.page.sections import Drawing, Section, Table
from medsmall.report.arms import Study
from medsmall.report.question import Answer
from medsmall.report.sentences import in_words
from medsmall.report.verdicts import Comparison, verdict_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, MOST, NARROW = 6.8, 24, 480  # inches; rows of the figure; px
COLUMNS = ["difference", "low", "high", "p_holm", "verdict", "repeats"]


def section(found: Answer) -> Section | None:
    """What tells the arms apart; None if no two can be compared."""
    if not found.comparisons:
        return None
    one = Section("differences", "Differences between arms")
    told_of = [c for c in found.comparisons if c.verdict and c.found]
    if told_of:
        one.text.append(
            "Each row is one arm minus another on the same draws and test patients. The ranges "
            f"hold for all {found.family} comparisons at once: a filled mark is decided, a hollow "
            "one is not, which does not mean equal."
        )
        rows = sorted(told_of, key=_importance)[:MOST]
        if len(rows) < len(told_of):
            one.text.append(
                f"Drawn: {len(rows)} of {len(told_of)} comparisons, the decided ones first. The "
                "table has all."
            )
        figure = forest(found.study, rows, found.metric)
        one.drawings.append(Drawing("differences", "Paired differences", figure, NARROW))
    table = pd.DataFrame(verdict_rows(found.study, found.comparisons))
    table["repeats"] = table["repeats"].astype("Int64")
    columns = ["a", "b", found.study.size_column, *COLUMNS]
    if not all(c.verdict for c in found.comparisons):
        columns.append("no_verdict")
    one.tables.append(Table("verdicts", "All comparisons", table[columns], folded=True, decimals=3))
    return one


def _importance(c: Comparison) -> tuple[bool, float]:
    """Decided ones first, then by size of the difference."""
    assert c.found
    assert c.verdict
    return c.verdict.word == "undecided", -abs(c.found.value)


@drawn
def forest(study: Study, rows: Sequence[Comparison], metric: str) -> "Figure":
    """A row per comparison: the difference and its simultaneous range."""
    figure, (axes,) = new_figure(WIDTH, 0.9 + 0.46 * len(rows))
    several = len(study.sizes) > 1
    for y, c in enumerate(rows):
        assert c.found
        assert c.verdict
        decided = c.verdict.word != "undecided"
        ink = colour("a" if decided else "quiet")
        axes.hlines(y, c.verdict.low, c.verdict.high, color=ink, lw=2.2 if decided else 1.2)
        (mark,) = axes.plot([c.found.value], [y], "o", ms=7, color=ink, mew=1.4,
                            mfc=ink if decided else colour("surface"))  # fmt: skip
        name = f"{study.name(c.a)}  −  {study.name(c.b)}"
        at = f" ({study.at(c.size)})" if several else ""
        told(mark, f"{name}{at}: {c.found.value:+.3f} [{c.verdict.low:+.3f}, "
             f"{c.verdict.high:+.3f}], {c.verdict.word}")  # fmt: skip
        axes.annotate(f"{name}{at}", (0, y - 0.24), xycoords=("axes fraction", "data"),
                      bbox={"fc": colour("surface"), "ec": "none", "pad": 0.6}, fontsize=8,
                      va="bottom", weight="bold" if decided else "normal")  # fmt: skip
    axes.axvline(0, color=colour("ink"), lw=0.8)
    axes.set_ylim(len(rows) - 0.5, -0.9)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", lw=0.6)
    axes.set_axisbelow(True)
    ends = np.array([[c.verdict.low, c.verdict.high] for c in rows if c.verdict])
    axes.set_xlim(min(ends.min(), 0) - 0.005, max(ends.max(), 0) + 0.005)
    better = "left" if metric in LOWER_IS_BETTER else "right"
    axes.set_xlabel(f"difference of test {in_words(metric)}: {better} of 0, the first is better")
    return figure
