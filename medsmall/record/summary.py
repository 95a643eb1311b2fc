"""What a run found, as a table for the terminal."""

from typing import Any

from rich.table import Table

from medsmall.record.record import Record
from medsmall.targets import Targets, targets_of
from medsmall.task import Task
from medsmall.terminal import console

UNITS = {"image": "images", "study": "studies"}


def show(record: Record) -> None:
    """Print the test metrics, with the positives that each stands on, and where the record is."""
    metrics = record.metrics
    test = metrics["test"]
    targets = targets_of(list(test["targets"]), Task(metrics["task"]))
    lines = [
        metrics["name"],
        f"Test on {test['n']:,} {UNITS[metrics['unit']]} of {metrics['dataset']}"
        f"{' (phantom)' if metrics['phantom'] else ''}, after {metrics['labels_used']:,} labelled "
        f"images, from {metrics['pretraining']}.",
        _table(test, targets),
        targets.note,
    ]
    reasons = {r for target in test["targets"].values() for r in target["reasons"].values()}
    lines += [f"–: undefined, {reason}." for reason in sorted(reasons)]
    for line in [*lines, f"Record: {record.folder}"]:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _table(test: dict[str, Any], targets: Targets) -> Table:
    table = Table()
    table.add_column("target")
    for heading in (*targets.counts.values(), *targets.headings.values()):
        table.add_column(heading, justify="right")
    for name, of_target in test["targets"].items():
        counted = (f"{of_target[count]:,}" for count in targets.counts)
        table.add_row(name, *counted, *(_number(of_target[m]) for m in targets.headings))
    if len(test["targets"]) > 1:
        table.add_section()
        mean = (_number(test["mean"][m]) for m in targets.headings)
        over = test["mean"][f"{targets.headline}_over"]
        table.add_row(f"mean of {over}", *[""] * len(targets.counts), *mean)
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
