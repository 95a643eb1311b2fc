"""Patients with images in two parts of a split."""

import pandas as pd

from medsmall.audit.findings import findings, none_found


def unknown_patients(sentence: str, images: int) -> pd.DataFrame:
    """One notice if `images` have no known patient; `sentence` says so ("" if none)."""
    if not sentence:
        return none_found()
    return findings("patients_across_splits", "notice", sentence, value=images, length=1)


def patients_across_splits(rows: pd.DataFrame, part: pd.Series, used: bool) -> pd.DataFrame:
    """One finding for each patient and two parts that have images of that patient.

    `part` has the index of `rows`, "" if unknown. The severity is only "notice" if runs do not use
    this split (`used`). `value` is the patient's number of images.
    """
    known = rows.assign(part=part)[part != ""]
    parts = known.drop_duplicates(["patient", "part"])
    spread = parts[parts["patient"].duplicated(keep=False)].sort_values("patient", kind="stable")
    first = spread.groupby("patient").head(1).set_index("patient", drop=False)
    second = spread[spread["patient"].duplicated()]
    first = first.loc[second["patient"]]
    images = known["patient"].value_counts().loc[second["patient"]]
    words = (
        "a patient in two parts of the split"
        if used
        else "a patient in two parts of the official split, which is not the one used"
    )
    severity = "contamination" if used else "notice"
    return findings(
        "patients_across_splits", severity, words, first, second, images.to_numpy(dtype=float)
    )
