"""A page as one HTML file, with files of its figures and tables beside it."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from medsmall.audit.csv_cells import inert
from medsmall.page.palette import COLOURS
from medsmall.page.sections import Page, Table

AROUND = {  # the figures, light and dark
    "page": ("#f3f5f7", "#0e1216"),
    "link": ("#005a8f", "#7cc4f3"),
    "alarm": ("#7a3c00", "#ffd9ad"),
    "alarm_back": ("#fff3e2", "#38270f"),
}


def html(page: Page) -> str:
    """The page as one HTML text that needs nothing else; names are escaped."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("medsmall.page", "."),
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
        for name, content in beside(page).items():
            made = content()
            made = made.encode() if isinstance(made, str) else made
            (unfinished / name).write_bytes(made)
        (unfinished / "index.html").write_text(html(page), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder / "index.html"


def beside(page: Page) -> dict[str, Callable[[], str | bytes]]:
    """The files of its figures, sheets and tables by their path from the page, each when called."""
    found: dict[str, Callable[[], str | bytes]] = {}
    for section in page.sections:
        for drawing in section.drawings:
            for kind in page.formats:
                found[f"{page.figures}{drawing.name}.{kind}"] = partial(drawing.file, kind)
        for sheet in section.sheets:
            found[f"{page.figures}{sheet.name}.png"] = partial(getattr, sheet, "png")
        for table in section.tables:
            found[f"{page.tables}{table.name}.csv"] = partial(_csv, table)
    return found


def _csv(table: Table) -> str:
    return str(inert(table.frame if table.data is None else table.data).to_csv(index=False))
