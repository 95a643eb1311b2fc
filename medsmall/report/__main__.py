"""What the recorded runs say: ``python -m medsmall.report``; nothing is run again."""

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table

from medsmall.atomic import write_whole
from medsmall.command import heed_terminal, one_sentence
from medsmall.errors import MedsmallError
from medsmall.quiet import quieten
from medsmall.record import Record
from medsmall.report import sentences
from medsmall.report.arms import Study
from medsmall.report.cells import Cell, rows
from medsmall.report.figure import draw
from medsmall.report.question import Answer, Asked, answer
from medsmall.report.verdicts import verdict_rows
from medsmall.terminal import console, say

HELP = """\
python -m medsmall.report [FOLDER ...] [key=value ...]

Reads the records below output folders (default: outputs, or MEDSMALL_OUTPUT) and answers: a table
of arms and sample sizes with 95% intervals, verdicts on the arms, a figure. Nothing is run again.

  dataset=mine pretraining=none,imagenet   only these runs: any key or group of the config
  compare=pretraining                      verdicts on this factor alone (default: all that vary)
  along=sample_size.n                      the key that is the sample size
  target=Hernia                            one target (default: the mean over targets)
  metric=average_precision                 another metric (default: AUROC; numbers: MAE)
  margin=0.02                              differences below it are "equivalent"
  to=FOLDER                                where the files go (default: FOLDER/report)

Examples:
  python -m medsmall.report
  python -m medsmall.report outputs dataset=chestxray14 target=Hernia compare=pretraining"""
MOST_ARMS = 3  # as columns of the table


def report(asked: Asked) -> Path:
    """Print the answer and write its files; returns their folder."""
    found = answer(asked)
    for sentence in found.left_out:
        say(f"Left out: {sentence}")
    words = [
        *sentences.verdicts(found.study, found.metric, found.comparisons, found.family),
        *sentences.best(found.study, found.metric, found.cells),
        sentences.looks(found.looks),
    ]
    _show(found, words)
    folder = asked.to or asked.roots[0] / "report"
    _write(found, words, folder)
    return folder


def of_sweep(records: Sequence[Record]) -> None:
    """Print what the runs of one sweep tell, and write it beside them."""
    root = records[0].folder.parents[1]
    try:
        report(Asked(roots=[root], keys={record.key for record in records}))
    except MedsmallError as error:
        say(f"No report: {error}")
    else:
        say(f"Again, or of all runs there: python -m medsmall.report {root}")


def _show(found: Answer, words: list[str]) -> None:
    lines: list[Any] = [f"{found.title} with 95% intervals"]
    lines.append(_table(found.study, found.cells))
    reasons = sorted({cell.reason for cell in found.cells if cell.reason})
    lines += [f"–: no interval, as {reason}." for reason in reasons]
    for line in [*lines, *words]:
        console.print(line, soft_wrap=not isinstance(line, Table), highlight=False, markup=False)


def _table(study: Study, cells: list[Cell]) -> Table:
    """Sizes by arms; one row per arm and size where arms are many."""
    arms = list(dict.fromkeys(cell.arm for cell in cells))
    table = Table()
    if len(arms) > MOST_ARMS:
        for heading in ("arm", "train", "train + val", "mean", "repeats"):
            table.add_column(heading)
        for c in cells:
            table.add_row(
                study.name(c.arm), f"{c.size:,}", f"{c.labels:,}", _score(c), str(c.repeats)
            )
        return table
    for heading in ("train", "train + val", *map(study.name, arms), "repeats"):
        table.add_column(heading)
    for size in study.sizes:
        of_size = {cell.arm: cell for cell in cells if cell.size == size}
        there = [of_size[arm] for arm in arms if arm in of_size]
        counts = dict.fromkeys(str(cell.repeats) for cell in there)
        labels = dict.fromkeys(f"{cell.labels:,}" for cell in there)
        scores = [_score(of_size[arm]) if arm in of_size else "" for arm in arms]
        table.add_row(f"{size:,}", "/".join(labels), *scores, "/".join(counts))
    return table


def _score(cell: Cell) -> str:
    limits = f"[{cell.interval.low:.3f}, {cell.interval.high:.3f}]" if cell.interval else "–"
    return f"{cell.mean:.3f} {limits}"


def _write(found: Answer, words: list[str], folder: Path) -> None:
    study, cells = found.study, found.cells
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"scores": rows(study, cells), "verdicts": verdict_rows(study, found.comparisons)}
    for name, content in tables.items():
        write_whole(folder / f"{name}.csv", partial(pd.DataFrame(content).to_csv, index=False))
    whole = {
        "title": found.title, "metric": found.metric, "targets": found.targets,
        "family": found.family, **tables,
        "sentences": words,
        "left_out": found.left_out, "records": [str(run.record.folder) for run in study.runs],
    }  # fmt: skip
    text = json.dumps(whole, indent=2, allow_nan=False) + "\n"
    write_whole(folder / "report.json", lambda path: path.write_text(text, encoding="utf-8"))
    draw(study, cells, found.metric, found.title, folder)


def main() -> None:
    """The command."""
    quieten()
    with one_sentence():
        heed_terminal()
        if {"-h", "--help"} & {*sys.argv[1:]}:
            print(HELP)
            return
        folder = report(Asked.of(sys.argv[1:]))
        say(
            f"Written: {folder.absolute()}/ scores.csv, verdicts.csv, report.json, curve.png and "
            "curve.svg"
        )


if __name__ == "__main__":
    main()
