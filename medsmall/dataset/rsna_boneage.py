"""RSNA bone age: 12,611 films of children's left hands with the skeletal age in months (2017)."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset import images, tables
from medsmall.errors import MedsmallError
from medsmall.task import Task

LABELS = ["boneage"]
FOLDER = "boneage-training-dataset"
NESTED = f"{FOLDER}/{FOLDER}"
MONTHS = 1, 228  # youngest and oldest of the release
SEX = {"true": "M", "false": "F"}


class RsnaBoneAge:
    """The training part of the challenge: `boneage-training-dataset/` and a table of that name.

    Args:
        root: the folder that holds `boneage-training-dataset.csv` (or `.csv.gz`). The images lie
            in `boneage-training-dataset/`, or, as Kaggle serves them, in a folder of that name
            inside it.
        targets: only "boneage" is there, in months.
        missing_images: what to do about listed images that are not there: "error" or "drop".
        phantom_patients: number of patients (= images) of the generated stand-in.

    The label is the skeletal age that readers gave the film; the child's own age is not in the
    release. Nor are patients: every image counts as its own. There is no official split, as the
    table of the challenge's test part has no ages.
    """

    name = "rsna_boneage"
    modality = "bone x-ray"
    variant = reading = ""
    unit = "image"
    labels = LABELS
    citation = (
        "Halabi et al., The RSNA Pediatric Bone Age Machine Learning Challenge, Radiology 2019, "
        "290(2):498-503, doi 10.1148/radiol.2018180736"
    )
    licence = "RSNA challenge terms of use: research and education, no sharing of the images"
    url = "https://www.rsna.org/rsnai/ai-image-challenge/rsna-pediatric-bone-age-challenge-2017"

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 400,
    ) -> None:
        self.root = Path(root).expanduser()
        self.targets = tables.chosen(targets, LABELS, self)
        self.task = Task.REGRESSION
        tables.one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing_images = missing_images
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per line of the table; `boneage` in months, 1 to 228.

        `sex` is from the column `male`; age and view are not in the release: NaN and "".
        """
        path = tables.find(self, f"{FOLDER}.csv", f"{FOLDER}.csv.gz")
        lines = tables.read_csv(path, ["id", "boneage", "male"])
        number, male = lines["id"].str.strip(), lines["male"].str.strip().str.lower()
        months = pd.to_numeric(lines["boneage"], errors="coerce").astype("float64")
        for column, wrong, must in (
            ("id", ~number.str.fullmatch(r"\d+", na=False), "be a whole number"),
            ("id", number.duplicated(), "stand there once"),
            ("boneage", ~months.between(*MONTHS), "be months from 1 to 228"),
            ("male", male.notna() & ~male.isin(SEX), "be True, False or blank"),
        ):
            if wrong.any():
                raise _wrong_cell(path, lines, int(wrong.to_numpy().argmax()), column, must)
        frame = {
            "image": self._located(number + ".png"),
            "patient": number,
            "split": "",
            "boneage": months,
            "age": np.nan,
            "sex": male.map(SEX).fillna(""),
            "view": "",
        }
        text = ["image", "patient", "split", "sex", "view"]
        return pd.DataFrame(frame).astype(dict.fromkeys(text, "str"))

    def _located(self, names: pd.Series) -> pd.Series:
        """The names with their folder, Kaggle's inner one where it holds them or is the one."""
        outer, inner = (images.names_in(self.root / folder) for folder in (FOLDER, NESTED))
        folders = [
            NESTED if name in inner or (inner and name not in outer) else FOLDER for name in names
        ]
        return pd.Series(folders, index=names.index, dtype="str") + "/" + names

    def file(self, image: str) -> Path:
        """The file that holds the image of one row."""
        return self.root / image

    def read(self, image: str) -> np.ndarray:
        """Grey (H, W) uint8 of varied size, 500 to 3,000 px."""
        return images.decode(self.root / image, grey=True)

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write one generated film of 128 to 160 px high per patient, and the table.

        Bone ages are spread evenly over 1 to 228 months, wider than in the release (127 on
        average, standard deviation 41).
        """
        from medsmall.phantom import drawing, hand

        (root / FOLDER).mkdir(parents=True)
        lines = ["id,boneage,male"]
        for patient in range(patients):
            rng = np.random.default_rng([seed, 228, patient])
            number = 1377 + patient + patient // 9  # the release skips some numbers
            months, male = int(rng.integers(MONTHS[0], MONTHS[1] + 1)), bool(rng.random() < 0.54)
            shape = int(rng.integers(128, 161)), int(rng.integers(104, 129))
            patient_hand = hand.build(rng)
            pixels = hand.hand(patient_hand, months, "M" if male else "F", rng, shape)
            drawing.save(pixels, root / FOLDER / f"{number}.png")
            lines.append(f"{number},{months},{male}")
        tables.write_lines(root / f"{FOLDER}.csv", lines)


def _wrong_cell(path: Path, lines: pd.DataFrame, row: int, column: str, must: str) -> MedsmallError:
    cells = lines.fillna("").iloc[row]
    return MedsmallError(
        f"{path.absolute()} has {column} '{cells[column]}' in row {row + 1} below the header "
        f"(id {cells['id']}), where it must {must}: correct the row or get the table again."
    )
