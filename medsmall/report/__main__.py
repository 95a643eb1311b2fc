"""What the recorded runs say: ``python -m medsmall.report``; nothing is run again."""

import json
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from medsmall.atomic import write_whole
from medsmall.command import heed_terminal, one_sentence
from medsmall.errors import MedsmallError
from medsmall.quiet import quieten
from medsmall.record import Record
from medsmall.report.asked import Asked
from medsmall.report.cells import rows
from medsmall.report.figure import draw
from medsmall.report.forecast import curve_rows
from medsmall.report.manuscript.files import texts
from medsmall.report.page.lead import lead
from medsmall.report.page.whole import page_of, write_page
from medsmall.report.published import table as published
from medsmall.report.question import Answer, answer
from medsmall.report.shown import show, words_of
from medsmall.report.verdicts import verdict_rows
from medsmall.terminal import say

HELP = """\
python -m medsmall.report [FOLDER ...] [key=value ...]

Reads the records below output folders (default: outputs, or MEDSMALL_OUTPUT) and answers: a table
of arms and sample sizes with 95% intervals, verdicts on the arms; with five sizes over a factor of
8, learning curves and the images that a better arm saves. report.html shows all of it on one page.
For a manuscript: figures and tables, a methods section, the checklists CLAIM 2024 and TRIPOD+AI.
Nothing is run again.

  dataset=mine pretraining=none,imagenet   only these runs: any key or group of the config
  sweep=last                               only the runs of the last sweep, or of one by its name
  compare=pretraining                      verdicts on this factor alone (default: all that vary)
  along=sample_size.n                      the key that is the sample size
  target=Hernia                            one target (default: the mean over targets)
  metric=average_precision                 another metric (default: AUROC; numbers: MAE)
  margin=0.02                              differences below it are "equivalent"
  reach=0.9                                how many labelled images this score takes
  plan=5,10,20                             differences that so many repeats would find; without
                                           two arms add auroc=0.85 correlation=0.8 repeat_sd=0.02
  against=published                        those of Romero et al. 2020 beside yours (chestxray14)
  images=true                              thumbnails of mistakes on the page
  to=FOLDER                                where the files go (default: FOLDER/report)

Examples:
  python -m medsmall.report
  python -m medsmall.report outputs dataset=chestxray14 target=Hernia compare=pretraining
  python -m medsmall.report reach=0.9 plan=5,10"""
WRITTEN = (
    "report.html", "scores.csv", "verdicts.csv", "curves.csv", "published.csv", "report.json",
    "curve.png", "curve.svg", "curve.pdf",
    "tables", "methods.md", "checklist_claim.md", "checklist_tripod_ai.md",
)  # fmt: skip


def report(asked: Asked) -> Path:
    """Print the answer and write its files; returns their folder."""
    found = answer(asked)
    for sentence in found.left_out:
        say(f"Left out: {sentence}")
    words = list(words_of(asked, found))
    show(found, words, lead(found))
    folder = asked.to or asked.roots[0] / "report"
    if (folder / "DONE").exists():
        raise MedsmallError(f"to={folder} is the record of a run: name another folder.")
    _write(asked, found, words, folder)
    return folder


def of_sweep(records: Sequence[Record], name: str) -> None:
    """Print what the runs of the sweep `name` tell, and write it beside them."""
    roots = list(dict.fromkeys(record.folder.parents[1] for record in records))
    keys = {record.key for record in records}
    try:
        folder = report(Asked(roots=roots, keys=keys))
    except (MedsmallError, OSError) as error:
        say(f"No report: {error}")
    else:
        there = shlex.join([*map(str, roots), f"sweep={name}"])
        say(
            f"Picture and tables: {folder} (the next report there overwrites them; to=... keeps it)"
        )
        say(f"Again: python -m medsmall.report {there}; without sweep=..., of all runs.")


def _write(asked: Asked, found: Answer, words: list[str], folder: Path) -> None:
    """Tables and the figure, then the page with its own, then what a manuscript needs."""
    study, cells = found.study, found.cells
    held = [one for one in found.curves if one.tested.held]
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "scores": rows(study, cells),
        "verdicts": verdict_rows(study, found.comparisons),
        "curves": curve_rows(study, held),
        "published": published.rows(found.published, cells) if found.published else [],
    }
    for name, content in tables.items():
        if not content:
            (folder / f"{name}.csv").unlink(missing_ok=True)  # of an earlier report
            continue
        write_whole(folder / f"{name}.csv", partial(pd.DataFrame(content).to_csv, index=False))
    whole = {
        "title": found.title, "metric": found.metric, "targets": found.targets,
        "family": found.family, **tables,
        "sentences": words,
        "left_out": found.left_out, "records": [str(run.record.folder) for run in study.runs],
    }  # fmt: skip
    text = json.dumps(whole, indent=2, allow_nan=False) + "\n"
    write_whole(folder / "report.json", lambda path: path.write_text(text, encoding="utf-8"))
    draw(study, cells, found.metric, found.title, folder, held, found.published)
    write_page(page_of(asked, found, words, folder), folder)
    _write_manuscript(found, folder)


def _write_manuscript(found: Answer, folder: Path) -> None:
    """Tables, methods and checklists; a table of an earlier report that is none now goes."""
    (folder / "tables").mkdir(exist_ok=True)
    for name, text in texts(found).items():
        if text is None:
            (folder / name).unlink(missing_ok=True)
        else:
            write_whole(folder / name, partial(Path.write_text, data=text, encoding="utf-8"))


def main() -> None:
    """The command."""
    quieten()
    with one_sentence():
        heed_terminal()
        if {"-h", "--help"} & {*sys.argv[1:]}:
            print(HELP)
            return
        folder = report(Asked.of(sys.argv[1:]))
        files = [name for name in WRITTEN if (folder / name).exists()]
        say(f"Written: {folder.absolute()}/ {', '.join(files)}")


if __name__ == "__main__":
    main()
