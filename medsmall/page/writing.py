"""A page as one HTML file, with files of its figures and tables beside it."""

import shutil
from pathlib import Path

from medsmall.audit.csv_cells import inert
from medsmall.page.palette import COLOURS
from medsmall.page.sections import Page

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
        write_beside(page, unfinished, unfinished)
        (unfinished / "index.html").write_text(html(page), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder / "index.html"


def write_beside(page: Page, figures: Path, tables: Path) -> list[Path]:
    """Write the files of its figures and sheets, and of its tables, into these folders."""
    written = []
    for section in page.sections:
        for drawing in section.drawings:
            for kind in page.formats:
                written.append(figures / f"{drawing.name}.{kind}")
                written[-1].write_bytes(drawing.file(kind))
        for sheet in section.sheets:
            written.append(figures / f"{sheet.name}.png")
            written[-1].write_bytes(sheet.png)
        for table in section.tables:
            written.append(tables / f"{table.name}.csv")
            inert(table.frame).to_csv(written[-1], index=False)
    return written
