"""IDC: 277,524 patches of breast tissue of 279 patients, with or without ductal carcinoma."""

import re
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset.arguments import chosen
from medsmall.dataset.files import ImageFiles, not_here
from medsmall.dataset.sample_table import sample_table
from medsmall.errors import MedsmallError
from medsmall.task import Task

LABELS = ["idc"]
KAGGLE_COPY = "IDC_regular_ps50_idx5"
NAME = re.compile(r"(?P<patient>\d+)_idx\d+_x(?P<x>\d+)_y(?P<y>\d+)_class(?P<label>[01])\.png")


class Idc:
    """The release as Kaggle serves it: `<patient>/<0 or 1>/<patient>_idx5_x.._y.._class...png`.

    Args:
        root: the folder that holds the patients' folders. Kaggle's archive holds all of them a
            second time in `IDC_regular_ps50_idx5/`; that copy is read only if it is the only one.
        targets: only "idc" is there.
        missing_images: without effect, as the files are the table.
        phantom_patients: number of patients of the generated stand-in.

    There is no official split in the release. Patches of one patient look alike, so they stay
    together; `x` and `y` are the patch's place on the slide in px.

    Patches are RGB, 50 x 50 px or, at the edge of a slide, smaller.
    """

    name = "idc"
    modality = "histology"
    variant = ""
    unit = "image"
    labels = LABELS
    citation = (
        "Cruz-Roa et al., Automatic detection of invasive ductal carcinoma in whole slide images "
        "with convolutional neural networks, SPIE Medical Imaging 2014, doi 10.1117/12.2043872; "
        "Janowczyk and Madabhushi, Journal of Pathology Informatics 2016, 7:29"
    )
    licence = "CC0 1.0 as stated on Kaggle"
    url = "https://www.kaggle.com/datasets/paultimothymooney/breast-histopathology-images"

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 60,
    ) -> None:
        self.files = ImageFiles(root, missing_images, grey=False)
        self.targets = chosen(targets, LABELS, self)
        self.task = Task.of_findings(self.targets)
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per patch in the order of their paths; `x` and `y` (float64) in px of the slide.

        Age, sex and view are not in the release: NaN and "".
        """
        rows = self._rows("") or self._rows(f"{KAGGLE_COPY}/")
        if not rows:
            raise not_here(
                self.name, self.files.root, "<patient>/0/*.png or <patient>/1/*.png", self.url
            )
        image, patient, label, x, y = zip(*rows, strict=True)
        numbers = {"idc": label, "x": x, "y": y}
        found = {name: np.array(words, dtype="float64") for name, words in numbers.items()}
        return sample_table(image, patient, {"idc": found.pop("idc")}, others=found)

    def _rows(self, prefix: str) -> list[tuple[str, str, str, str, str]]:
        """Path, patient, label, x and y of each patch below one of the two places."""
        rows = []
        for patient in sorted(filter(str.isdecimal, self.files.names_in(prefix))):
            for label in ("0", "1"):
                folder = f"{prefix}{patient}/{label}"
                for name in sorted(self.files.names_in(folder)):
                    if name.startswith(".") or not name.lower().endswith(".png"):
                        continue  # left behind by an operating system
                    match = NAME.fullmatch(name)
                    if not match or (match["patient"], match["label"]) != (patient, label):
                        raise self._misplaced(f"{folder}/{name}", match)
                    rows.append((f"{folder}/{name}", patient, label, match["x"], match["y"]))
        return rows

    def _misplaced(self, image: str, name: re.Match[str] | None) -> MedsmallError:
        what = (
            f"named as patient {name['patient']} and class {name['label']}, unlike its folders"
            if name
            else "not named as in the release (10253_idx5_x1351_y1101_class0.png)"
        )
        return MedsmallError(
            f"{self.files.file(image).absolute()} is {what}: get the release again, or delete the "
            "file."
        )

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write 12 to 24 generated patches per patient, some of them smaller than 50 px."""
        from medsmall.dataset.phantoms import idc

        idc.write(root, patients, seed)
