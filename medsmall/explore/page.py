"""The page: sections of text, figures, sheets and tables as one HTML file, and files beside it."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from medsmall.audit.csv_cells import inert
from medsmall.explore.bar_charts import percent as in_per_cent
from medsmall.explore.palette import COLOURS, png, svg
from medsmall.explore.thumbnails import Sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure


AROUND = {  # the figures, light and dark
    "page": ("#f3f5f7", "#0e1216"),
    "link": ("#005a8f", "#7cc4f3"),
    "alarm": ("#7a3c00", "#ffd9ad"),
    "alarm_back": ("#fff3e2", "#38270f"),
}
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
    """What stands above the sections: the data set, its facts, and what the reader must know."""

    title: str
    subtitle: str
    facts: list[tuple[str, str]]
    about: list[tuple[str, str]]
    warnings: list[str]
    sections: list[Section]
    version: str


def cell(value: Any, percent: bool = False) -> str:
    """A value as it is shown: 1,234, 12.3% or 0.1234, a dash where nothing is known."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    if percent:
        return in_per_cent(value)
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def file_name(*words: str) -> str:
    """A name for files and anchors out of names of columns or classes."""
    return re.sub(r"[^a-z0-9]+", "_", "_".join(words).lower()).strip("_")[:80]


def html(page: Page) -> str:
    """The page as one HTML text that needs nothing else; names are escaped."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("medsmall.explore", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    colours = {role.replace("_", "-"): pair for role, pair in (COLOURS | AROUND).items()}
    return environment.get_template("page.html.jinja").render(page=page, colours=colours)


def write(page: Page, folder: Path) -> Path:
    """Fill `folder` with index.html and a PNG or CSV per figure, sheet and table; gives the page.

    Written beside and moved in as a whole: what an earlier look left there is replaced.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        for section in page.sections:
            for drawing in section.drawings:
                (unfinished / f"{drawing.name}.png").write_bytes(png(drawing.figure))
            for sheet in section.sheets:
                (unfinished / f"{sheet.name}.png").write_bytes(sheet.png)
            for table in section.tables:
                inert(table.frame).to_csv(unfinished / f"{table.name}.csv", index=False)
        (unfinished / "index.html").write_text(html(page), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder / "index.html"
