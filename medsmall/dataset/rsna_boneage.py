"""RSNA bone age: 12,611 films of children's left hands with the skeletal age in months (2017)."""

from pathlib import Path
from typing import Literal

import pandas as pd

from medsmall.dataset.arguments import chosen
from medsmall.dataset.csv_files import read_csv
from medsmall.dataset.files import ImageFiles, find
from medsmall.dataset.sample_table import sample_table
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
        missing_images: what to do about listed images that are missing: "error" or "drop".
        phantom_patients: number of patients (= images) of the generated stand-in.

    The label is the skeletal age that readers gave the film; the release has neither the child's
    own age nor patients: every image counts as its own patient. There is no official split, as
    the table of the challenge's test part has no ages.

    Films are grey, 500 to 3,000 px.
    """

    name = "rsna_boneage"
    modality = "bone x-ray"
    variant = ""
    unit = "image"
    patients_known = False
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
        self.files = ImageFiles(root, missing_images, grey=True)
        self.targets = chosen(targets, LABELS, self)
        self.task = Task.REGRESSION
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per line of the table; `boneage` in months, 1 to 228.

        `sex` is from the column `male`; age and view are not in the release: NaN and "".
        """
        path = find(self, f"{FOLDER}.csv", f"{FOLDER}.csv.gz")
        lines = read_csv(path, ["id", "boneage", "male"])
        number, male = lines["id"].str.strip(), lines["male"].str.strip().str.lower()
        months = pd.to_numeric(lines["boneage"], errors="coerce").astype("float64")
        for column, wrong, must in (
            ("id", ~number.str.fullmatch(r"\d+", na=False), "be a whole number"),
            ("id", number.duplicated(), "be unique"),
            ("boneage", ~months.between(*MONTHS), "be months from 1 to 228"),
            ("male", male.notna() & ~male.isin(SEX), "be True, False or blank"),
        ):
            if wrong.any():
                raise _wrong_cell(path, lines, int(wrong.to_numpy().argmax()), column, must)
        image, sex = self._located(number + ".png"), male.map(SEX).fillna("")
        return sample_table(image, number, {"boneage": months}, sex=sex)

    def _located(self, names: pd.Series) -> pd.Series:
        """The names with their folder, Kaggle's inner one where it holds them or is the one."""
        outer, inner = (self.files.names_in(folder) for folder in (FOLDER, NESTED))
        folders = [
            NESTED if name in inner or (inner and name not in outer) else FOLDER for name in names
        ]
        return pd.Series(folders, index=names.index, dtype="str") + "/" + names

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write one generated film of 128 to 160 px high per patient, and the table."""
        from medsmall.dataset.phantoms import rsna_boneage

        rsna_boneage.write(root, patients, seed)


def _wrong_cell(path: Path, lines: pd.DataFrame, row: int, column: str, must: str) -> MedsmallError:
    cells = lines.fillna("").iloc[row]
    return MedsmallError(
        f"{path.absolute()} has {column} '{cells[column]}' in row {row + 1} below the header "
        f"(id {cells['id']}), where it must {must}: correct the row or get the table again."
    )
