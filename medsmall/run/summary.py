"""What a run found, as a table for the terminal."""

import json
from pathlib import Path
from typing import Any

from rich.table import Table

from medsmall.run.progress import console

COLUMNS = {
    "auroc": "AUROC",
    "average_precision": "AP",
    "sensitivity": "sens.",
    "specificity": "spec.",
    "balanced_accuracy": "bal. acc.",
}


def show(record: Path) -> None:
    """Print the test metrics, with the positives that each stands on, and where the record is."""
    metrics = json.loads((record / "metrics.json").read_text(encoding="utf-8"))
    test = metrics["test"]
    counted = {"image": "images", "study": "studies"}[metrics["unit"]]
    lines = [
        metrics["name"],
        f"Test on {test['n']:,} {counted} of {metrics['dataset']}"
        f"{' (phantom)' if metrics['phantom'] else ''}, after {metrics['labels_used']:,} labelled "
        f"images, from {metrics['pretraining']}.",
        _table(test),
        "Sens., spec. and bal. acc.: at the threshold chosen on the validation images.",
    ]
    reasons = {r for target in test["targets"].values() for r in target["reasons"].values()}
    lines += [f"–: undefined, {reason}." for reason in sorted(reasons)]
    for line in [*lines, f"Record: {record}"]:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _table(test: dict[str, Any]) -> Table:
    table = Table()
    table.add_column("target")
    for heading in ("n", "n⁺", *COLUMNS.values()):
        table.add_column(heading, justify="right")
    for name, of_target in test["targets"].items():
        counts = (f"{of_target['n']:,}", f"{of_target['n_positive']:,}")
        table.add_row(name, *counts, *(_number(of_target[m]) for m in COLUMNS))
    if len(test["targets"]) > 1:
        table.add_section()
        mean = (_number(test["mean"][m]) for m in COLUMNS)
        table.add_row(f"mean of {test['mean']['auroc_over']}", "", "", *mean)
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
