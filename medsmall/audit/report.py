"""The findings of the audit, in the terminal and as files."""

import json
from pathlib import Path

import pandas as pd
from rich.table import Table

from medsmall.atomic import write_whole
from medsmall.audit.calibration import Calibration
from medsmall.audit.csv_cells import inert
from medsmall.audit.findings import CHECKS, not_allowed

UNASKED = "upstream_overlap"  # a data set alone has no upstream


def write(
    folder: Path,
    found: pd.DataFrame,
    allow: list[str],
    facts: dict[str, object],
    whole: bool = True,
) -> None:
    """Write `findings.csv` and `summary.json` (`facts` and the counts) into `folder`.

    In the summary `clean` is null if nothing was found but not everything was checked (`whole`). In
    the CSV a ' precedes cells that a spreadsheet would run.
    """
    nothing = not len(not_allowed(found, allow))
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        **facts,
        "clean": None if nothing and not whole else nothing,
        "allowed": sorted(allow),
        "found": {
            check: {severity: int(n) for severity, n in of_check["severity"].value_counts().items()}
            for check, of_check in found.groupby("check", sort=False)
        },
    }
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    write_whole(folder / "findings.csv", lambda path: inert(found).to_csv(path, index=False))
    write_whole(folder / "summary.json", lambda path: path.write_text(text, encoding="utf-8"))


def verdict(nothing: bool, whole: bool) -> str:
    """The verdict: whether the audit found `nothing`, and whether it checked the `whole`."""
    if whole:
        return "clean" if nothing else "not clean"
    return "nothing else was found" if nothing else "problems were found"


def calibration_facts(calibration: Calibration) -> dict[str, object]:
    """The calibration for JSON: None where unknown."""
    facts = vars(calibration)
    return {key: None if value != value else value for key, value in facts.items()}


def as_table(found: pd.DataFrame, allow: list[str]) -> Table:
    """A line for each check and severity: how many findings."""
    table = Table()
    table.add_column("check")
    table.add_column("found", justify="right")
    table.add_column("severity")
    for check in CHECKS:
        of_check = found[found["check"] == check]
        if check == UNASKED and of_check.empty:
            table.add_row(check, "–", "looked for before each training")
        elif of_check.empty:
            table.add_row(check, "0", "")
        elif _is_unchecked(of_check).all():
            table.add_row(check, "–", "not checked: patients unknown")
            continue
        for severity, count in of_check["severity"].value_counts(sort=False).items():
            allowed = " (allowed)" if check in allow and severity != "notice" else ""
            table.add_row(check, f"{count:,}", f"{severity}{allowed}")
    return table


def examples(found: pd.DataFrame) -> list[str]:
    """The first finding of each check and severity, one line each."""
    shown = found[~_is_unchecked(found)].drop_duplicates(["check", "severity"])
    return [_in_a_line(row) for _, row in shown.iterrows()]


def _is_unchecked(found: pd.DataFrame) -> pd.Series:
    """The findings that say that patients are unknown; the first line of the report says it."""
    return (found["check"] == "patients_across_splits") & (found["image_a"] == "")


def _in_a_line(row: pd.Series) -> str:
    ends = [
        row[f"image_{end}"] + (f" ({row[f'part_{end}']})" if row[f"part_{end}"] else "")
        for end in "ab"
        if row[f"image_{end}"]
    ]
    where = " and ".join(ends)
    return f"{row['check']}: {f'{where}: ' if where else ''}{row['explanation']}."
