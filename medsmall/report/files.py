"""The files of a report: its numbers, its figures and page, and what a manuscript takes from it."""

import json
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from medsmall.atomic import write_whole
from medsmall.report.asked import Asked
from medsmall.report.cells import rows
from medsmall.report.figure import draw
from medsmall.report.forecast import curve_rows
from medsmall.report.manuscript.files import texts
from medsmall.report.page.whole import page_of, write_page
from medsmall.report.published import table as published
from medsmall.report.question import Answer
from medsmall.report.verdicts import verdict_rows


def write(asked: Asked, found: Answer, words: list[str], folder: Path) -> None:
    """Fill `folder`; `words` are all sentences of the answer.

    What an earlier report wrote and this one does not goes; report.json, written last, lists what
    is a report's, so other files stay.
    """
    earlier = listed(folder)
    folder.mkdir(parents=True, exist_ok=True)
    held = [one for one in found.curves if one.tested.held]
    numbers = {
        "scores": rows(found.study, found.cells),
        "verdicts": verdict_rows(found.study, found.comparisons),
        "curves": curve_rows(found.study, held),
        "published": published.rows(found.published, found.cells) if found.published else [],
    }
    written = write_page(page_of(asked, found, words, folder), folder)
    for name, content in numbers.items():
        if content:
            written.append(folder / f"{name}.csv")
            write_whole(written[-1], partial(pd.DataFrame(content).to_csv, index=False))
    written += draw(
        found.study, found.cells, found.metric, found.title, folder, held, found.published
    )
    for path, text in texts(found).items():
        written.append(folder / path)
        written[-1].parent.mkdir(exist_ok=True)
        write_whole(written[-1], partial(Path.write_text, data=text, encoding="utf-8"))
    files = [path.relative_to(folder).as_posix() for path in written]
    _write_json({**_said(found, words), **numbers, "files": files}, folder / "report.json")
    for name in {*earlier} - {*files}:
        if (folder / name).is_file():
            (folder / name).unlink()


def listed(folder: Path) -> list[str]:
    """The files beside the report.json in `folder` that it lists, none of them outside."""
    try:
        files = json.loads((folder / "report.json").read_text(encoding="utf-8"))["files"]
        paths = [PurePosixPath(name) for name in files]
    except (OSError, ValueError, KeyError, TypeError):
        return []  # there is none, one of an older version, or no report's
    return [str(path) for path in paths if not path.is_absolute() and ".." not in path.parts]


def _said(found: Answer, words: list[str]) -> dict[str, Any]:
    return {
        "title": found.title, "metric": found.metric, "targets": found.targets,
        "family": found.family, "sentences": words, "left_out": found.left_out,
        "records": [str(run.record.folder) for run in found.study.runs],
    }  # fmt: skip


def _write_json(content: dict[str, Any], path: Path) -> None:
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    write_whole(path, partial(Path.write_text, data=text, encoding="utf-8"))
