"""The table of what the audit found, one row per pair, image or column."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError, did_you_mean

COLUMNS = [
    "check", "severity", "image_a", "image_b", "patient_a", "patient_b", "part_a", "part_b",
    "value", "explanation",
]  # fmt: skip
CHECKS = (
    "patients_across_splits",
    "identical_images",
    "near_duplicates",
    "conflicting_labels",
    "unreadable",
    "constant",
    "inverted",
    "label_equals_metadata",
    "upstream_overlap",
)
SEVERITIES = ("contamination", "fault", "notice")


def findings(
    check: str,
    severity: str | Sequence[str] | np.ndarray,
    explanation: str | Sequence[str],
    first: pd.DataFrame | None = None,
    second: pd.DataFrame | None = None,
    value: Sequence[float] | np.ndarray | float = np.nan,
    length: int = 0,
) -> pd.DataFrame:
    """Findings of one `check`: of pairs of rows, of the rows `first` alone, or of neither.

    `first` and `second` have the columns image, patient, part, and equal length. `length` is the
    number of findings that concern no image, such as those about columns.
    """
    if first is not None:
        length = len(first)
    content: dict[str, object] = {"check": check, "severity": severity}
    for end, rows in (("a", first), ("b", second)):
        for column in ("image", "patient", "part"):
            content[f"{column}_{end}"] = "" if rows is None else rows[column].to_numpy()
    content |= {"value": value, "explanation": explanation}
    return pd.DataFrame(content, index=pd.RangeIndex(length), columns=COLUMNS)


def none_found() -> pd.DataFrame:
    """Findings without a row."""
    return findings("", "", "")


def across_parts(first: pd.DataFrame, second: pd.DataFrame) -> np.ndarray:
    """Severity of pairs of rows: "contamination" between two parts, "notice" within one or none."""
    a, b = first["part"].to_numpy(dtype=object), second["part"].to_numpy(dtype=object)
    return np.where((a != b) & (a != "") & (b != ""), "contamination", "notice")


def together(found: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """All findings as one table, the severest first, with a RangeIndex."""
    some = [table for table in found if len(table)]
    if not some:
        return none_found()
    table = pd.concat(some, ignore_index=True)
    rank = table["severity"].map(SEVERITIES.index) * len(CHECKS) + table["check"].map(CHECKS.index)
    return table.iloc[np.argsort(rank.to_numpy(), kind="stable")].reset_index(drop=True)


def check_allowed(allow: Iterable[str]) -> None:
    """MedsmallError for a name in audit.allow that is no check."""
    for name in allow:
        if name not in CHECKS:
            raise MedsmallError(f"audit.allow has no check '{name}'{did_you_mean(name, CHECKS)}.")


def not_allowed(table: pd.DataFrame, allow: Iterable[str]) -> pd.DataFrame:
    """The findings that make a data set unusable: contamination and faults not allowed by name."""
    return table[(table["severity"] != "notice") & ~table["check"].isin(list(allow))]


def audit_folder(output_root: str, dataset: str, phantom: bool) -> Path:
    """The folder for the findings of a data set; its phantom has another."""
    name = f"{dataset}-phantom" if phantom else dataset
    return Path(output_root).expanduser().absolute() / "audit" / name
