"""The answer in the terminal: a table, then sentences."""

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from medsmall.record.predicted import MEAN
from medsmall.report import data_sets, forecast, noise, planning, pooled, sentences
from medsmall.report.arms import Study
from medsmall.report.asked import Asked
from medsmall.report.cells import Cell
from medsmall.report.published import words
from medsmall.report.question import Answer
from medsmall.terminal import console

MOST_ARMS = 3  # as columns of the table
NEARLY = 4  # sizes from which on learning curves are missed


def words_of(asked: Asked, found: Answer) -> Iterator[str]:
    """All sentences, in their order. MedsmallError if plan= cannot be answered."""
    study, metric, cells, curves = found.study, found.metric, found.cells, found.curves
    yield from found.lacking
    yield from sentences.verdicts(study, metric, found.comparisons, found.family)
    yield from pooled.sentences(study, cells, metric, found.targets)
    yield from noise.sentences(cells, metric)
    yield from forecast.saved(study, cells, curves, found.comparisons)
    yield from forecast.forecasts(study, curves, metric)
    if not curves and len(study.sizes) >= NEARLY and asked.reach is None:
        yield f"No learning curves ({found.no_curve[0]})."
    if asked.reach is not None:
        yield from forecast.reached(study, curves, metric, asked.reach)
        yield from (f"No answer to reach={asked.reach:g} for {why}." for why in found.no_curve)
    if asked.plan:
        yield from planning.sentences(
            study, found.comparisons, metric, found.targets, asked.plan, asked.assumed, found.family
        )
    if asked.metric is None and asked.target == MEAN:
        yield from data_sets.sentences([study, *found.others])
    if found.published:
        yield from words.sentences(found.published, cells)
    yield from sentences.best(study, metric, cells)
    yield sentences.looks(study, found.looks, of_sweep=found.of_sweep)


def show(found: Answer, said: list[str], short: list[str]) -> None:
    """Print the table, why intervals are missing, the sentences, and the answer in `short`."""
    lines: list[Any] = [f"{found.title} with 95% intervals"]
    lines.append(_table(found.study, found.cells))
    reasons = sorted({cell.reason for cell in found.cells if cell.reason})
    lines += [f"–: no interval, as {reason}." for reason in reasons]
    for line in [*lines, *said, "", f"In short: {' '.join(short)}"]:
        console.print(line, soft_wrap=not isinstance(line, Table), highlight=False, markup=False)


def _table(study: Study, cells: list[Cell]) -> Table:
    """Sizes by arms; one row per arm and size where arms are many."""
    arms = list(dict.fromkeys(cell.arm for cell in cells))
    table = Table()
    repeats = "runs" if study.is_kfold else "repeats"
    sizes = "train" if study.size_column == "train_images" else study.along
    if len(arms) > MOST_ARMS:
        for heading in ("arm", sizes, "train + val", "mean", repeats):
            table.add_column(heading, overflow="fold")
        for c in cells:
            table.add_row(
                study.name(c.arm), f"{c.size:,}", f"{c.labels:,}", _score(c), str(c.repeats)
            )
        return table
    for heading in (sizes, "train + val", *map(study.name, arms), repeats):
        table.add_column(heading, overflow="fold")
    for size in study.sizes:
        of_size = {cell.arm: cell for cell in cells if cell.size == size}
        there = [of_size[arm] for arm in arms if arm in of_size]
        counts = dict.fromkeys(str(cell.repeats) for cell in there)
        labels = dict.fromkeys(f"{cell.labels:,}" for cell in there)
        scores = [_score(of_size[arm]) if arm in of_size else "" for arm in arms]
        if len(arms) > 2:  # each interval below its score, as a line is short
            scores = [score.replace(" [", "\n[") for score in scores]
        table.add_row(f"{size:,}", "/".join(labels), *scores, "/".join(counts))
    return table


def _score(cell: Cell) -> str:
    limits = f"[{cell.interval.low:.3f}, {cell.interval.high:.3f}]" if cell.interval else "–"
    return f"{cell.mean:.3f} {limits}"
