"""IDC: 277,524 patches of breast tissue of 279 patients, with or without ductal carcinoma."""

import re
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset import images, tables
from medsmall.errors import MedsmallError
from medsmall.task import Task

LABELS = ["idc"]
KAGGLE_COPY = "IDC_regular_ps50_idx5"
NAME = re.compile(r"(?P<patient>\d+)_idx\d+_x(?P<x>\d+)_y(?P<y>\d+)_class(?P<label>[01])\.png")


class Idc:
    """The release as Kaggle serves it: `<patient>/<0 or 1>/<patient>_idx5_x.._y.._class...png`.

    Args:
        root: the folder that holds the patients' folders. Kaggle's archive holds all of them a
            second time in `IDC_regular_ps50_idx5/`; that copy is read only where it is the only
            one.
        targets: only "idc" is there.
        missing_images: without effect, as the files are the table.
        phantom_patients: number of patients of the generated stand-in.

    There is no official split in the release. Patches of one patient look alike, so they stay
    together; `x` and `y` are the patch's place on the slide in px.
    """

    name = "idc"
    modality = "histology"
    variant = reading = ""
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
        self.root = Path(root).expanduser()
        self.targets = tables.chosen(targets, LABELS, self)
        self.task = Task.of_findings(self.targets)
        tables.one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing_images = missing_images
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per patch in the order of their paths; `x` and `y` (float64) in px of the slide.

        Age, sex and view are not in the release: NaN and "".
        """
        rows = self._rows("") or self._rows(f"{KAGGLE_COPY}/")
        if not rows:
            raise tables.not_here(self, "<patient>/0/*.png or <patient>/1/*.png")
        image, patient, label, x, y = zip(*rows, strict=True)
        frame = {
            "image": image,
            "patient": patient,
            "split": "",
            "idc": np.array(label, dtype="float64"),
            "age": np.nan,
            "sex": "",
            "view": "",
            "x": np.array(x, dtype="float64"),
            "y": np.array(y, dtype="float64"),
        }
        text = ["image", "patient", "split", "sex", "view"]
        return pd.DataFrame(frame).astype(dict.fromkeys(text, "str"))

    def _rows(self, prefix: str) -> list[tuple[str, str, str, str, str]]:
        """Path, patient, label, x and y of each patch below one of the two places."""
        rows = []
        for patient in sorted(filter(str.isdecimal, images.names_in(self.root / prefix))):
            for label in ("0", "1"):
                folder = f"{prefix}{patient}/{label}"
                for name in sorted(images.names_in(self.root / folder)):
                    if name.startswith(".") or not name.lower().endswith(".png"):
                        continue  # left behind by an operating system
                    match = NAME.fullmatch(name)
                    if not match or (match["patient"], match["label"]) != (patient, label):
                        raise self._misplaced(f"{folder}/{name}", match)
                    rows.append((f"{folder}/{name}", patient, label, match["x"], match["y"]))
        return rows

    def _misplaced(self, image: str, name: re.Match[str] | None) -> MedsmallError:
        what = (
            f"by its name of patient {name['patient']} and class {name['label']}, against its "
            "folders"
            if name
            else "not named as the release names patches (10253_idx5_x1351_y1101_class0.png)"
        )
        return MedsmallError(
            f"{(self.root / image).absolute()} is {what}: get the release again, or delete the "
            "file."
        )

    def file(self, image: str) -> Path:
        """The file that holds the image of one row."""
        return self.root / image

    def read(self, image: str) -> np.ndarray:
        """RGB (H, W, 3) uint8, 50 x 50 px or, at the edge of a slide, smaller."""
        pixels = images.decode(self.root / image)
        return pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write 12 to 24 generated patches per patient, some of them smaller than 50 px.

        Each patient has a slide of 6 patches in a row, on which the tumour is one side; three in
        ten patches of all have it, as in the release. Every patient has a patch of both classes.
        """
        from medsmall.phantom import drawing, histology

        for patient in range(patients):
            rng = np.random.default_rng([seed, 5, patient])
            number = 8863 + 3 * patient
            slide = histology.slide(rng)
            rows, border = int(rng.integers(2, 5)), rng.uniform(0.2, 3.2)
            for label in (0, 1):
                (root / str(number) / str(label)).mkdir(parents=True)
            for row, column in np.ndindex(rows, 6):
                ragged = border + rng.uniform(-0.4, 0.4)
                label = int(column < ragged) if 0 < column < 5 else int(column == 0)
                # The last row and column may be cut off by the edge of the slide.
                height = int(rng.integers(20, 50)) if row == 3 else 50
                width = int(rng.integers(20, 50)) if column == 5 and patient % 4 == 0 else 50
                pixels = histology.patch(slide, bool(label), rng, (height, width))
                name = f"{number}_idx5_x{51 + 50 * column}_y{51 + 50 * row}_class{label}.png"
                drawing.save(pixels, root / str(number) / str(label) / name)
