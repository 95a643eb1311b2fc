"""The files of a report: its numbers, its figures and page, and what a manuscript takes from it."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from medsmall.atomic import write_whole
from medsmall.errors import MedsmallError
from medsmall.page.writing import beside, html
from medsmall.report.asked import Asked
from medsmall.report.cells import rows
from medsmall.report.forecast import curve_rows
from medsmall.report.manuscript.files import texts
from medsmall.report.page.scores import pictures
from medsmall.report.page.whole import page_of
from medsmall.report.published import table as published
from medsmall.report.question import Answer
from medsmall.report.verdicts import verdict_rows

LIST, FOLDERS = "report.json", ("figures", "tables")
REPORTED = {"sentences", "records"}  # by which a report.json is known
Files = dict[str, Callable[[], str | bytes]]  # by their path in the folder; made when written


def write(asked: Asked, found: Answer, words: list[str], folder: Path) -> None:
    """Fill `folder`; `words` are all sentences of the answer.

    Files of an earlier report are removed unless this one writes them again; others stay.
    report.json lists those of a report. While they are written it lists both, so a report that was
    interrupted leaves nothing that the next one takes for the user's.
    """
    numbers = _numbers(found)
    files: Files = {
        **{f"{name}.csv": partial(_csv, content) for name, content in numbers.items() if content},
        **_page(asked, found, words, folder),
        **pictures(found),
        **{name: partial(str, text) for name, text in texts(found).items()},
    }
    _refuse_others(folder, files)
    gone = [name for name in listed(folder) if name not in files]
    said = {**_said(found, words), **numbers}
    for name in ("", *FOLDERS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write(folder / LIST, _json({**said, "files": [*files, *gone]}))
    for name, content in files.items():
        _write(folder / name, content())
    for name in gone:
        if (folder / name).is_file():
            (folder / name).unlink()
    _write(folder / LIST, _json({**said, "files": [*files]}))


def listed(folder: Path) -> list[str]:
    """The files of the report in `folder`, by its report.json; [] if there is none."""
    content = _content(folder)
    files = content.get("files")  # an older version lists none
    if not content.keys() >= REPORTED or not isinstance(files, list):
        return []
    paths = [PurePosixPath(str(name)) for name in files]
    return [str(path) for path in paths if str(path.parent) in (".", *FOLDERS)]


def _refuse_others(folder: Path, files: Files) -> None:
    """MedsmallError where files of these names are there, but no report."""
    there = [name for name in (*files, LIST) if (folder / name).exists()]
    if there and not _content(folder).keys() >= REPORTED:
        raise MedsmallError(
            f"{folder} holds no report, but {there[0]}, which a report would overwrite: name "
            "another folder with to=."
        )


def _content(folder: Path) -> dict[str, Any]:
    """What report.json in `folder` holds; {} if there is none, or it is none."""
    try:
        content = json.loads((folder / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _numbers(found: Answer) -> dict[str, list[dict[str, Any]]]:
    """Every number, by the name of its table."""
    held = [one for one in found.curves if one.tested.held]
    return {
        "scores": rows(found.study, found.cells),
        "verdicts": verdict_rows(found.study, found.comparisons),
        "curves": curve_rows(found.study, held),
        "published": published.rows(found.published, found.cells) if found.published else [],
    }


def _said(found: Answer, words: list[str]) -> dict[str, Any]:
    return {
        "title": found.title, "metric": found.metric, "targets": found.targets,
        "family": found.family, "margin": found.margin, "sentences": words,
        "left_out": found.left_out,
        "records": [str(run.record.folder) for run in found.study.runs],
    }  # fmt: skip


def _page(asked: Asked, found: Answer, words: list[str], folder: Path) -> Files:
    page = page_of(asked, found, words, folder)
    return {**beside(page), "report.html": partial(html, page)}


def _csv(content: list[dict[str, Any]]) -> str:
    return str(pd.DataFrame(content).to_csv(index=False))


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _write(path: Path, content: str | bytes) -> None:
    whole = content.encode() if isinstance(content, str) else content
    write_whole(path, lambda file: file.write_bytes(whole))
