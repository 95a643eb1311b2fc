"""The generated stand-in of somebody's class folders."""

import re
from pathlib import Path

import numpy as np

from medsmall.errors import MedsmallError
from medsmall.phantom import shapes
from medsmall.phantom.files import save

NAMES = (  # usual ways to write the patient and the number of the image
    "{p:04d}_{n}", "person{p}_{n}", "patient{p:05d}_{n}", "P{p:03d}_{n}", "p{p}_{n}",
    "{p:04d}-{n}", "case{p}_{n}", "sub-{p:03d}_{n}", "IM-{p:04d}-{n:04d}",
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
            file = root / part / classes[kind] / f"{_file_name(pattern, patient + 1, number)}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            save(pixels, file)


def _file_name(pattern: re.Pattern[str] | None, patient: int, number: int) -> str:
    names = [style.format(p=patient, n=number) for style in NAMES]
    if pattern is None:
        return names[0]
    for name in names:
        found = pattern.search(f"{name}.png")
        if found and str(patient) in (found[1] or ""):
            return name
    raise MedsmallError(
        f"Generated files have no name that dataset.patient='{pattern.pattern}' fits: "
        "set dataset.patient=null with phantom=true."
    )
