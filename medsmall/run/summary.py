"""What a run found, as a table for the terminal."""

import json
from pathlib import Path
from typing import Any

from rich.table import Table

from medsmall.task import Task
from medsmall.terminal import console

CLASSIFICATION = {
    "auroc": "AUROC",
    "average_precision": "AP",
    "sensitivity": "sens.",
    "specificity": "spec.",
    "balanced_accuracy": "bal. acc.",
}
REGRESSION = {"mae": "MAE", "rmse": "RMSE", "mean_error": "mean error", "r2": "R²"}
UNITS = {"image": "images", "study": "studies"}


def show(record: Path) -> None:
    """Print the test metrics, with the positives that each stands on, and where the record is."""
    metrics = json.loads((record / "metrics.json").read_text(encoding="utf-8"))
    test = metrics["test"]
    regression = metrics["task"] == Task.REGRESSION
    how = (
        "MAE, RMSE and mean error (predicted - true): in the unit of the target."
        if regression
        else "Sens., spec. and bal. acc.: at the threshold chosen on the validation images."
    )
    lines = [
        metrics["name"],
        f"Test on {test['n']:,} {UNITS[metrics['unit']]} of {metrics['dataset']}"
        f"{' (phantom)' if metrics['phantom'] else ''}, after {metrics['labels_used']:,} labelled "
        f"images, from {metrics['pretraining']}.",
        _table(test, REGRESSION if regression else CLASSIFICATION),
        how,
    ]
    reasons = {r for target in test["targets"].values() for r in target["reasons"].values()}
    lines += [f"–: undefined, {reason}." for reason in sorted(reasons)]
    for line in [*lines, f"Record: {record}"]:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _table(test: dict[str, Any], columns: dict[str, str]) -> Table:
    table = Table()
    table.add_column("target")
    counts = {"n": "n", "n_positive": "n⁺"} if columns is CLASSIFICATION else {"n": "n"}
    for heading in (*counts.values(), *columns.values()):
        table.add_column(heading, justify="right")
    for name, of_target in test["targets"].items():
        counted = (f"{of_target[count]:,}" for count in counts)
        table.add_row(name, *counted, *(_number(of_target[m]) for m in columns))
    if len(test["targets"]) > 1:
        table.add_section()
        mean = (_number(test["mean"][m]) for m in columns)
        over = test["mean"][f"{next(iter(columns))}_over"]
        table.add_row(f"mean of {over}", *[""] * len(counts), *mean)
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
