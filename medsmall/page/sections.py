"""What a page is made of: sections of text, figures, sheets and tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from medsmall.page.palette import svg
from medsmall.page.thumbnails import Sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MOST_ROWS = 1000  # of a table on the page; its CSV has all


@dataclass(frozen=True)
class Table:
    """A table of the page and the CSV `name`.csv; `percent` names the columns that are shares."""

    name: str
    title: str
    frame: pd.DataFrame
    percent: tuple[str, ...] = ()
    folded: bool = False

    @property
    def headers(self) -> list[str]:
        """The columns in words."""
        return [str(column).replace("_", " ") for column in self.frame.columns]

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers: they are set flush right."""
        return [pd.api.types.is_numeric_dtype(kind) for kind in self.frame.dtypes]

    @property
    def rows(self) -> Iterator[tuple[str, ...]]:
        """Cells as text."""
        shares = [column in self.percent for column in self.frame.columns]
        for row in self.frame.head(MOST_ROWS).itertuples(index=False, name=None):
            yield tuple(map(cell, row, shares))


@dataclass(frozen=True)
class Drawing:
    """A figure of the page and the picture `name`.png; a table of its section has its numbers."""

    name: str
    title: str
    figure: "Figure"

    @property
    def svg(self) -> str:
        """The figure for the page."""
        return svg(self.figure, self.name, f"{self.title}: the numbers are in a table below.")


@dataclass
class Section:
    """A part of the page, in this order: text, warnings, drawings, sheets, tables."""

    anchor: str
    title: str
    text: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """What stands above the sections.

    `lead` is the answer in a few sentences, `facts` are numbers and what they count, `about` is the
    first section, named `topic`; `command` made the page, and `closing` stands at its end.
    """

    title: str
    subtitle: str
    facts: list[tuple[str, str]]
    about: list[tuple[str, str]]
    warnings: list[str]
    sections: list[Section]
    version: str
    lead: list[str] = field(default_factory=list)
    command: str = "explore"
    topic: str = "The data set"
    closing: str = "Share it only as the licence of the data allows."


def cell(value: Any, percent: bool = False) -> str:
    """A value as it is shown: 1,234, 12.3% or 0.1234, a dash where nothing is known."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    if percent:
        return per_cent(value)
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def file_name(*words: str) -> str:
    """A name for files and anchors out of names of columns or classes."""
    return re.sub(r"[^a-z0-9]+", "_", "_".join(words).lower()).strip("_")[:80]


def per_cent(share: float) -> str:
    """0.1234 as 12.3%, with two decimals below one per cent."""
    if np.isnan(share):
        return "–"
    if share in (0, 1):
        return f"{share:.0%}"
    return f"{share:.2%}" if share < 0.01 else f"{share:.1%}"
