"""What a run found, as a table for the terminal."""

from typing import Any

from rich.table import Table

from medsmall.run.progress import console
from medsmall.run.record import Record

COLUMNS = {
    "auroc": "AUROC",
    "average_precision": "AP",
    "sensitivity": "sens.",
    "specificity": "spec.",
    "balanced_accuracy": "bal. acc.",
}


def show(record: Record) -> None:
    """Print the test metrics, with the positives that each stands on, and where the record is."""
    metrics = record.read_json("metrics.json")
    test = metrics["test"]
    console.print(_table(metrics))
    for reason in sorted({r for t in test["targets"].values() for r in t["reasons"].values()}):
        console.print(f"–: undefined, {reason}")
    console.print(f"Record: {record.folder}", soft_wrap=True, highlight=False)


def _table(metrics: dict[str, Any]) -> Table:
    test = metrics["test"]
    counted = {"image": "images", "study": "studies"}[metrics["unit"]]
    source = f"{metrics['dataset']}{' (phantom)' if metrics['phantom'] else ''}"
    table = Table(
        title=f"{metrics['name']}: test on {test['n']:,} {counted} of {source}, "
        f"after {metrics['labels_used']:,} labelled images",
        title_justify="left",
        caption="sens., spec. and bal. acc. at the threshold chosen on the validation images",
        caption_justify="left",
    )
    table.add_column("target")
    for heading in ("n", "n⁺", *COLUMNS.values()):
        table.add_column(heading, justify="right")
    for name, of_target in test["targets"].items():
        counts = (f"{of_target['n']:,}", f"{of_target['n_positive']:,}")
        table.add_row(name, *counts, *(_number(of_target[m]) for m in COLUMNS))
    if len(test["targets"]) > 1:
        table.add_section()
        over = test["mean"]["auroc_over"]
        mean = (_number(test["mean"][m]) for m in COLUMNS)
        table.add_row(f"mean of {over}", "", "", *mean)
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
