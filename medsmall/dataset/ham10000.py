"""HAM10000: 10,015 dermoscopic images of 7,470 pigmented skin lesions in seven classes."""

import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset.arguments import chosen
from medsmall.dataset.csv_files import read_csv
from medsmall.dataset.files import ImageFiles, find
from medsmall.dataset.sample_table import age_in_years, check_images, one_hot, sample_table, sex_of
from medsmall.errors import MedsmallError
from medsmall.task import Task

LABELS = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
METADATA = "HAM10000_metadata.csv"
PARTS = ("HAM10000_images_part_1", "HAM10000_images_part_2")
LAST_OF_PART_1 = "ISIC_0029305"
ISIC = "ISIC2018_Task3_Training_"


class Ham10000:
    """The release of Harvard Dataverse, or the same images as ISIC 2018 (task 3, training).

    Args:
        root: the folder that holds either `HAM10000_metadata.csv`, `HAM10000_images_part_1/` and
            `HAM10000_images_part_2/`, or `ISIC2018_Task3_Training_GroundTruth.csv` (or that in a
            folder of its name), `ISIC2018_Task3_Training_LesionGroupings.csv` and
            `ISIC2018_Task3_Training_Input/`. The first table is read where both are there.
        targets: diagnoses to learn, any of akiec (actinic keratosis, Bowen's disease), bcc (basal
            cell carcinoma), bkl (benign keratosis), df (dermatofibroma), mel (melanoma), nv
            (nevus), vasc (vascular lesion); by default all. With several but not all, images of
            other diagnoses are left out; a single one is learnt against all the rest.
        missing_images: what to do about listed images that are missing: "error" or "drop".
        phantom_patients: number of lesions of the generated stand-in.

    Patients are unknown: `patient` is the lesion, so that a split keeps the images of a lesion
    together (a quarter of the lesions has several); lesions of one person may be in different
    parts. There is no official split: the challenge's test images are not in the release. Without
    the groupings file each image of the ISIC layout counts as its own lesion, with a notice.

    Images are RGB, 450 x 600 px as released.
    """

    name = "ham10000"
    modality = "skin"
    variant = ""
    unit = "image"
    labels = LABELS
    grouped_by = "lesion"
    citation = (
        "Tschandl et al., The HAM10000 dataset, a large collection of multi-source dermatoscopic "
        "images of common pigmented skin lesions, Scientific Data 2018"
    )
    licence = "CC BY-NC 4.0"
    url = "https://doi.org/10.7910/DVN/DBW86T"

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 480,
    ) -> None:
        self.files = ImageFiles(root, missing_images)
        self.targets = chosen(targets, LABELS, self)
        self.task = Task.of_classes(self.targets)
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per image; `lesion`, `dx_type` (how it was diagnosed) and `localization` beside.

        Age is in steps of 5 years. All of these but the lesion are NaN or "" in the ISIC layout.
        """
        isic = [f"{ISIC}GroundTruth.csv", f"{ISIC}GroundTruth/{ISIC}GroundTruth.csv"]
        path = find(self, METADATA, f"{METADATA}.gz", *isic)
        rows = self._of_isic(path) if path.name == isic[0] else self._of_metadata(path)
        name = check_images(rows["image"], path)
        lesion = rows["lesion"].fillna(name)
        return sample_table(
            image=self._folder_of(name, path) + "/" + name + ".jpg",
            patient=lesion,
            labels=one_hot(rows["dx"], LABELS, self.targets),
            age=age_in_years(rows["age"]),
            sex=sex_of(rows["sex"]),
            others={
                "lesion": lesion,
                "dx_type": rows["dx_type"].fillna(""),
                "localization": rows["localization"].fillna(""),
            },
        )

    def _of_metadata(self, path: Path) -> pd.DataFrame:
        columns = ["image_id", "lesion_id", "dx", "dx_type", "age", "sex", "localization"]
        rows = read_csv(path, columns, full=["image_id"])
        unknown = ~rows["dx"].isin(LABELS)
        if unknown.any():
            raise MedsmallError(
                f"{path.absolute()} gives {rows['image_id'][unknown].iloc[0]} the diagnosis "
                f"'{rows['dx'][unknown].iloc[0]}', not one of {', '.join(LABELS)}: get it again."
            )
        return rows.rename(columns={"image_id": "image", "lesion_id": "lesion"})

    def _of_isic(self, path: Path) -> pd.DataFrame:
        upper = [label.upper() for label in LABELS]
        truth = read_csv(path, ["image"], upper, full=["image"])
        ones = truth[upper] == 1
        wrong = (ones.sum(axis=1) != 1) | ~truth[upper].isin([0, 1]).all(axis=1)
        if wrong.any():
            raise MedsmallError(
                f"{path.absolute()} does not give {truth['image'][wrong].iloc[0]} exactly one "
                "diagnosis (one 1, else 0): get it again."
            )
        dx = np.array(LABELS)[ones.to_numpy().argmax(axis=1)]
        rows = truth[["image"]].assign(dx=dx, dx_type=None, age=None, sex=None, localization=None)
        groupings = self.files.root / f"{ISIC}LesionGroupings.csv"
        if not groupings.is_file():
            print(
                f"{self.name}: {groupings.absolute()} is missing, so each image counts as its own "
                "lesion. If lesions repeat, test scores will be inflated.",
                file=sys.stderr,
            )
            return rows.assign(lesion=None)
        known = read_csv(groupings, ["image", "lesion_id"]).drop_duplicates("image")
        lesion = known.set_index("image")["lesion_id"]
        return rows.assign(lesion=rows["image"].map(lesion))

    def _folder_of(self, name: pd.Series, table: Path) -> pd.Series:
        """The place of each image, or its place in the release if it is missing."""
        listed: dict[str, str] = {}
        for folder in (*PARTS, f"{ISIC}Input"):
            for file in self.files.names_in(folder):
                listed.setdefault(file.removesuffix(".jpg"), folder)
        if table.name.startswith(ISIC):
            usual = name.map(lambda _: f"{ISIC}Input")
        else:
            usual = name.map(lambda image: PARTS[image > LAST_OF_PART_1])
        return name.map(listed).fillna(usual)

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write images of 96 x 128 px of `patients` lesions, and the metadata, as in Dataverse."""
        from medsmall.dataset.phantoms import ham10000

        ham10000.write(root, patients, seed)
