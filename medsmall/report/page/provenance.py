"""The section of the runs: every number leads to its config, draw and predictions."""

import json
import os
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from medsmall.page.sections import Link, Section, Table
from medsmall.report.page.scores import anchor
from medsmall.report.question import Answer
from medsmall.report.run import Run

OUTPUTS = "outputs"  # any other name might tell something
FILES = {
    "config": "config.yaml", "draw": "draw.csv", "predictions": "predictions.csv",
    "metrics": "metrics.json",
}  # fmt: skip


def section(found: Answer, folder: Path) -> Section:
    """A row per run, with links from the page's `folder` to the files of its record."""
    study, rows, anchors = found.study, [], []
    scores = {(cell.arm, cell.size): cell.scores for cell in found.cells}
    for (arm, size), runs in sorted(study.cells.items()):
        for k, (repeat, run) in enumerate(runs.items()):
            anchors.append(anchor(study, arm, size) if k == 0 else "")
            score = scores.get((arm, size), {}).get(repeat)
            rows.append(
                {
                    "arm": study.name(arm), study.size_column: size,
                    "repeat": _in_words(repeat),
                    "score": score.value if score else float("nan"),
                    "run": run.record.key,
                    **{what: _link(run, what, folder) for what in FILES},
                }
            )  # fmt: skip
    one = Section("runs", "Every run")
    one.text.append(
        "Links lead to the records of the output folder that the page lies in, or of outputs/ "
        "beside it. Records elsewhere have no link, only their key, the name of their folder. "
        "Their files name images and patients: share the page, not them."
    )
    table = pd.DataFrame(rows)
    one.tables.append(
        Table(
            "runs", "Runs", table, folded=True, anchors=tuple(anchors), most=len(rows), decimals=3
        )
    )
    return one


def _in_words(repeat: str) -> str:
    """The values that tell a repeat from the others."""
    values = json.loads(repeat)
    return ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in values.items()) or "–"


def _link(run: Run, what: str, folder: Path) -> Link | str:
    """Of records beside the page; a link to elsewhere would tell the folders of a machine."""
    file = run.record.folder / FILES[what]
    root, beside = run.record.folder.absolute().parents[1], folder.absolute().parent
    if root not in (beside, beside / OUTPUTS):
        return "–"
    path = Path(os.path.relpath(file.absolute(), folder.absolute())).as_posix()
    return Link(what, quote(path))
