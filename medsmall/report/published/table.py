"""Published numbers and ours side by side."""

from typing import Any

import pandas as pd

from medsmall.report.cells import Arm, Cell
from medsmall.report.published.counterpart import Counterpart, Line
from medsmall.report.published.source import defects


def table(found: Counterpart, cells: list[Cell]) -> pd.DataFrame:
    """`rows` as a table."""
    return pd.DataFrame(rows(found, cells))


def rows(found: Counterpart, cells: list[Cell]) -> list[dict[str, Any]]:
    """One per published number and arm of ours that is the same; all that were published.

    `inside` says whether the number, give or take its `error` of reading, lies in our 95% interval;
    it is None where ours has none or generated films, and where the number is void.
    """
    ours = {(cell.arm, cell.size): cell for cell in cells}
    found_rows = []
    for line in [*found.lines, *found.again]:
        numbers = [row for _, row in line.rows.iterrows()]
        for theirs, labels in zip(numbers, line.labels, strict=True):
            for arm in line.same or (None,):
                cell = ours.get((arm, int(theirs["n_train"]))) if arm is not None else None
                found_rows.append(_row(found, line, arm, theirs, labels, cell))
    return found_rows


def _row(
    found: Counterpart,
    line: Line,
    arm: Arm | None,
    theirs: pd.Series,
    labels: int,
    cell: Cell | None,
) -> dict[str, Any]:
    wrong = [one for one in defects() if one.concerns(theirs)]
    void = any(one.void for one in wrong)
    limits = cell.interval if cell else None
    inside = None
    if limits and not void and not found.generated:
        inside = limits.low - theirs["error"] <= theirs["value"] <= limits.high + theirs["error"]
    return {
        "experiment": line.experiment, "task": theirs["task"], "published_arm": line.arm,
        "arm": found.study.name(arm) if arm is not None else None,
        "train_images": int(theirs["n_train"]),
        "published": float(theirs["value"]),
        "published_low": _number(theirs["low"]), "published_high": _number(theirs["high"]),
        "published_repeats": int(theirs["repeats"]), "published_labels": labels,
        "mean": cell.mean if cell else None,
        "low": limits.low if limits else None, "high": limits.high if limits else None,
        "repeats": cell.repeats if cell else None, "labels": cell.labels if cell else None,
        "inside": None if inside is None else bool(inside),
        "void": void, "defects": " ".join(one.code.replace(" ", "-") for one in wrong),
        "obtained": theirs["obtained"], "error": float(theirs["error"]),
        "note": theirs["note"], "source": theirs["source"],
    }  # fmt: skip


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
