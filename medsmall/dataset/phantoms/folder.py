"""The generated stand-in of somebody's class folders."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from medsmall.dataset.own.name_pattern import find_all
from medsmall.errors import MedsmallError
from medsmall.phantom import shapes
from medsmall.phantom.files import save

NAMES = (  # usual ways to write the patient and the number of the image
    "{p:04d}_{n}", "person{p}_{n}", "patient{p:05d}_{n}", "P{p:03d}_{n}", "p{p}_{n}",
    "{p:04d}-{n}", "case{p}_{n}", "sub-{p:03d}_{n}", "IM-{p:04d}-{n:04d}",
    "C{p}P{p}thinF_IMG_{n}", "patient{p:05d}/study1/view{n}", "{p:05d}/{n}",
)  # fmt: skip


def write(
    root: Path, classes: list[str], pattern: re.Pattern[str] | None, patients: int, seed: int
) -> None:
    """Write pictures of 96 px into `train`, `val` and `test`, a folder for each of the `classes`.

    Those of the first class show nothing. 1 to 3 pictures per patient, if one of the usual ways
    to write patients in file names fits `pattern`; MedsmallError if none does.
    """
    for patient in range(patients):
        rng = np.random.default_rng([seed, 43, patient])
        last = patient >= patients - max(1, patients // 4)
        part = "test" if last else ["train", "train", "val"][patient // len(classes) % 3]
        for number in range(1 + rng.integers(3) if pattern else 1):
            kind = (patient + number) % len(classes)
            shown = [kind - 1] if kind else []
            pixels = shapes.picture(shown, len(classes), 0, seed + patient, rng)
            name = file_name(pattern, patient + 1, number, "dataset.patient")
            file = root / part / classes[kind] / f"{name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            save(pixels, file)


def file_name(pattern: re.Pattern[str] | None, patient: int, number: int, key: str) -> str:
    """A name, perhaps with folders before it, in which `pattern` finds the patient.

    MedsmallError where none of the usual ones does; `key` is that of the pattern.
    """
    names = [style.format(p=patient, n=number) for style in NAMES]
    if pattern is None:
        return names[0]
    found = find_all(pattern, pd.Series([f"images/{name}.png" for name in names]))
    for name, who in zip(names, found, strict=True):
        if isinstance(who, str) and str(patient) in who:
            return name
    raise MedsmallError(
        f"{key}='{pattern.pattern}' fits no name of generated files: set {key}=null with "
        "phantom=true."
    )
