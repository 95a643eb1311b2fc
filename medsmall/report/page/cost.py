"""The section of the cost: seconds and labels of each arm and size."""

from typing import Any

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.page.sections import Section, Table
from medsmall.report.question import Answer
from medsmall.report.run import Run

MOST = 3  # runs of a cell whose environment is read
MOST_ROWS = 12  # of a table that stands open


def section(found: Answer) -> Section:
    """Seconds of a run, the mean of a few, and the labels that it used."""
    rows, devices = [], set()
    for (arm, size), runs in sorted(found.study.cells.items()):
        some = [of for run in list(runs.values())[:MOST] if (of := _environment(run))]
        seconds = [float(of["seconds"]) for of in some if "seconds" in of]
        devices |= {str(of.get("device", "unknown")) for of in some}
        rows.append(
            {
                "arm": found.study.name(arm), found.study.size_column: size,
                "labels": round(np.mean([run.metrics["labels_used"] for run in runs.values()])),
                "runs": len(runs),
                "seconds per run": round(np.mean(seconds), 1) if seconds else np.nan,
                "hours of all": np.mean(seconds) * len(runs) / 3600 if seconds else np.nan,
            }
        )  # fmt: skip
    one = Section("cost", "Cost")
    hours = sum(row["hours of all"] for row in rows if row["hours of all"] == row["hours of all"])
    one.text.append(
        f"All runs together took about {hours:.2g} hours, one after the other, on "
        f"{' and '.join(sorted(devices)) or 'a device that is not recorded'}. Work that runs share "
        "(decoded images, features, upstream training) counts for the run that did it first."
    )
    table = pd.DataFrame(rows)
    one.tables.append(Table("cost", "Seconds and labels", table, folded=len(rows) > MOST_ROWS))
    return one


def _environment(run: Run) -> dict[str, Any] | None:
    try:
        return run.record.environment
    except MedsmallError:  # a report does without
        return None
