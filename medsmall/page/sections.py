"""What a page is made of: sections of text, figures, sheets and tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from medsmall.page.palette import NARROWEST_PX, Format, drawn_svg, for_page, on_white, picture
from medsmall.page.thumbnails import Sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MOST_ROWS = 1000  # of a table on the page; its CSV has all
MOST_PRINTED = 100  # of a folded one on paper


class Link(NamedTuple):
    """A cell that leads to an address.

    Its CSV has the address of a file, but the text of a link within the page.
    """

    text: str
    address: str

    def __str__(self) -> str:
        return self.text if self.address.startswith("#") else self.address


@dataclass(frozen=True)
class Table:
    """A table of the page and the CSV `name`.csv; `percent` names the columns that are shares.

    Where `anchors` names a row, links lead to it by that name; `decimals` as in `cell`. The CSV has
    `data` instead, if given: its numbers apart where a cell of the page has several.
    """

    name: str
    title: str
    frame: pd.DataFrame
    percent: tuple[str, ...] = ()
    folded: bool = False
    anchors: tuple[str, ...] = ()
    most: int = MOST_ROWS
    decimals: int | None = None
    data: pd.DataFrame | None = None

    @property
    def is_long(self) -> bool:
        """Whether it is too long for paper."""
        return len(self.frame) > MOST_PRINTED

    @property
    def headers(self) -> list[str]:
        """The columns in words."""
        return [str(column).replace("_", " ") for column in self.frame.columns]

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers: they are set flush right."""
        return [pd.api.types.is_numeric_dtype(kind) for kind in self.frame.dtypes]

    @property
    def rows(self) -> Iterator[tuple[str, tuple[str | Link, ...]]]:
        """The anchor of each row, or "", and its cells as text or links."""
        shares = [column in self.percent for column in self.frame.columns]
        anchors = chain(self.anchors, repeat(""))
        shown = self.frame.head(self.most).itertuples(index=False, name=None)
        for row, anchor in zip(shown, anchors, strict=False):
            yield anchor, tuple(map(cell, row, shares, repeat(self.decimals)))


@dataclass(frozen=True)
class Drawing:
    """A figure of the page and the picture `name`.png; a table of its section has its numbers."""

    name: str
    title: str
    figure: "Figure"
    narrowest_px: int = NARROWEST_PX

    @cached_property
    def light(self) -> str:
        """The figure as an SVG in the light colours, drawn once for page and file."""
        return drawn_svg(self.figure)

    @property
    def svg(self) -> str:
        """The figure for the page."""
        alt = self.title
        return for_page(self.light, self.name, alt, self.narrowest_px)

    def file(self, kind: Format) -> bytes:
        """The figure as a file."""
        return on_white(self.light) if kind == "svg" else picture(self.figure, kind)


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
    first section, named `topic`; `command` made the page, and `closing` stands at its end. Files of
    its figures lie in the folder `figures` (such as "figures/"), in all `formats`, those of its
    tables in `tables`.
    """

    title: str
    subtitle: str
    facts: list[tuple[str, str]]
    about: list[tuple[str, str | Link]]
    warnings: list[str]
    sections: list[Section]
    version: str
    lead: list[str] = field(default_factory=list)
    figures: str = ""
    tables: str = ""
    formats: tuple[Format, ...] = ("png",)
    command: str = "explore"
    topic: str = "The data set"
    closing: str = "Share it only as the licence of the data allows."


def cell(value: Any, percent: bool = False, decimals: int | None = None) -> str | Link:
    """A value as it is shown: 1,234, 12.3% or 0.1234, a dash where nothing is known.

    With `decimals` each number of a column of floats has so many: 0.120; p values too small for
    that are "< 0.001".
    """
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if isinstance(value, Link):
        return value
    if isinstance(value, bool | str):
        return str(value)
    if percent:
        return per_cent(value)
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if decimals is None:
        return f"{value:.4g}"
    least = 10.0**-decimals
    return f"< {least:g}" if 0 < value < least / 2 else f"{value:.{decimals}f}"


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
