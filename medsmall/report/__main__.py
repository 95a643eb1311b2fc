"""What the recorded runs say: ``python -m medsmall.report``; nothing is run again."""

import json
import os
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table

from medsmall.atomic import write_whole
from medsmall.command import heed_terminal, one_sentence
from medsmall.errors import MedsmallError
from medsmall.quiet import quieten
from medsmall.record.tested import MEAN, TestSet, score
from medsmall.report import sentences
from medsmall.report.answers import Cell, Comparison, cells_of, compared, rows, verdict_rows
from medsmall.report.arms import Study, commonest_metric, studies
from medsmall.report.figure import draw
from medsmall.report.ledger import read_runs, select
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


@dataclass
class Asked:
    """The words of the command line."""

    roots: list[Path] = field(default_factory=list)
    selection: dict[str, list[str]] = field(default_factory=dict)
    compare: list[str] = field(default_factory=list)
    along: str | None = None
    target: str = MEAN
    metric: str | None = None
    margin: float | None = None
    to: Path | None = None

    @classmethod
    def of(cls, words: list[str]) -> "Asked":
        """MedsmallError for a word that means nothing."""
        asked = cls()
        for word in words:
            key, is_value, value = word.partition("=")
            if not is_value:
                if word.startswith("-"):
                    raise MedsmallError(f"There is no option {word}: --help shows what there is.")
                asked.roots.append(Path(word).expanduser())
            elif not value:
                raise MedsmallError(f"{word} has no value: give one, or leave it out.")
            elif key == "compare":
                asked.compare = value.split(",")
            elif key in ("along", "target", "metric"):
                setattr(asked, key, value)
            elif key == "margin":
                asked.margin = _positive(value)
            elif key == "to":
                asked.to = Path(value).expanduser()
            else:
                asked.selection[key] = value.split(",")
        asked.roots = asked.roots or [Path(os.environ.get("MEDSMALL_OUTPUT", "outputs"))]
        return asked


def _positive(text: str) -> float:
    try:
        if 0 < (value := float(text)) < float("inf"):
            return value
    except ValueError:
        pass
    raise MedsmallError(f"margin={text} must be a number above 0, such as margin=0.02.")


def report(asked: Asked) -> Path:
    """Print the answer and write its files; returns their folder."""
    runs, left_out = read_runs(asked.roots)
    runs = select(runs, asked.selection)
    tests: dict[str, TestSet] = {}
    for run in runs:
        try:
            test = TestSet.of(run.record)
            score(test, test.targets.headline)  # agrees with metrics.json
            tests[run.record.key] = test
        except MedsmallError as error:
            left_out.append(str(error))
    for sentence in left_out:
        say(f"Left out: {sentence}")
    runs = [run for run in runs if run.record.key in tests]
    if not runs:
        raise MedsmallError(
            f"There is no finished run below {', '.join(map(str, asked.roots))}: train one first."
        )
    study, *others = studies(runs, tests, asked.along)
    for other in others:
        say(f"Left out: {len(other.runs)} run(s) about {other.title}{_how(study, other)}")
    metric = asked.metric or commonest_metric(study.runs, tests)
    cells = cells_of(study, metric, asked.target)
    if not cells:
        raise MedsmallError(f"{metric} of {asked.target} is undefined in every run: see its table.")
    comparisons = compared(study, cells, metric, asked.compare, asked.margin)
    _show(study, metric, cells, comparisons)
    folder = asked.to or asked.roots[0] / "report"
    _write(study, metric, cells, comparisons, folder)
    return folder


def _how(study: Study, other: Study) -> str:
    """How to ask for another study, where one key tells them apart."""
    one, two = study.runs[0].config, other.runs[0].config
    for key in ("dataset", "phantom", "split", "dataset.targets"):
        if one.get(key) != two.get(key):
            return f"; {key}={two.get(key)} shows them."
    return ", with other test images or labels."


def _show(study: Study, metric: str, cells: list[Cell], comparisons: list[Comparison]) -> None:
    lines: list[Any] = [f"{study.title}: test {sentences.in_words(metric)} with 95% intervals"]
    lines.append(_table(study, cells))
    reasons = sorted({cell.reason for cell in cells if cell.reason})
    lines += [f"–: no interval, as {reason}." for reason in reasons]
    lines += sentences.verdicts(study, metric, comparisons)
    lines += sentences.best(study, metric, cells)
    for line in lines:
        console.print(line, soft_wrap=not isinstance(line, Table), highlight=False, markup=False)


def _table(study: Study, cells: list[Cell]) -> Table:
    """Sizes by arms; one row per arm and size where arms are many."""
    arms = list(dict.fromkeys(cell.arm for cell in cells))
    table = Table()
    if len(arms) > MOST_ARMS:
        for heading in ("arm", "train", "labels", "score", "runs"):
            table.add_column(heading)
        for c in cells:
            table.add_row(
                study.name(c.arm), f"{c.size:,}", f"{c.labels:,}", _score(c), str(c.repeats)
            )
        return table
    for heading in ("train", "labels", *map(study.name, arms), "runs"):
        table.add_column(heading)
    for size in study.sizes:
        of_size = {cell.arm: cell for cell in cells if cell.size == size}
        counts = sorted({str(cell.repeats) for cell in of_size.values()})
        labels = sorted({f"{cell.labels:,}" for cell in of_size.values()})
        scores = [_score(of_size[arm]) if arm in of_size else "" for arm in arms]
        table.add_row(f"{size:,}", "/".join(labels), *scores, "/".join(counts))
    return table


def _score(cell: Cell) -> str:
    limits = f"[{cell.interval.low:.3f}, {cell.interval.high:.3f}]" if cell.interval else "–"
    return f"{cell.mean:.3f} {limits}"


def _write(
    study: Study, metric: str, cells: list[Cell], comparisons: list[Comparison], folder: Path
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"scores": rows(study, cells), "verdicts": verdict_rows(study, comparisons)}
    for name, content in tables.items():
        write_whole(folder / f"{name}.csv", partial(pd.DataFrame(content).to_csv, index=False))
    whole = {
        "title": study.title, "metric": metric, **tables,
        "sentences": [*sentences.verdicts(study, metric, comparisons),
                      *sentences.best(study, metric, cells)],
        "records": [str(run.record.folder) for run in study.runs],
    }  # fmt: skip
    text = json.dumps(whole, indent=2, allow_nan=False) + "\n"
    write_whole(folder / "report.json", lambda path: path.write_text(text, encoding="utf-8"))
    draw(study, cells, metric, folder)


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
