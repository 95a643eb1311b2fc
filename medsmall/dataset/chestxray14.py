"""ChestX-ray14: 112,120 frontal chest films of 30,805 patients with 14 findings (NIH, 2017)."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset.arguments import chosen
from medsmall.dataset.csv_files import read_csv, read_names
from medsmall.dataset.files import ImageFiles, find
from medsmall.dataset.sample_table import age_in_years, check_images, sample_table, sex_of
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.task import Task

LABELS = [
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia",
    "Pneumothorax", "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening",
    "Hernia",
]  # fmt: skip
NO_FINDING = "No Finding"


class ChestXray14:
    """The release of the NIH Clinical Center: `images/`, an entry table and two split lists.

    Args:
        root: the folder of the release. Images lie in `images/`, or, as Kaggle serves them, in
            `images_001/images/` to `images_012/images/`.
        targets: findings to learn, by default all 14; an image with none of them is a negative.
        missing_images: what to do about listed images that are missing: "error" or "drop".
        phantom_patients: number of patients of the generated stand-in.

    The official split has no validation part: parts are "train_val" and "test". A row in neither
    list gets "" (the release has no such row). A list may name images that the table lacks, so a
    shortened table works.

    Films are grey, 1024 x 1024 px; some files of the release are RGBA.
    """

    name = "chestxray14"
    modality = "chest x-ray"
    variant = ""
    unit = "image"
    labels = LABELS
    citation = (
        "Wang et al., ChestX-ray8: hospital-scale chest X-ray database and benchmarks on "
        "weakly-supervised classification and localization of common thorax diseases, CVPR 2017"
    )
    licence = "NIH Clinical Center: free use, attribution required"
    url = "https://nihcc.app.box.com/v/ChestXray-NIHCC"

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 1100,
    ) -> None:
        self.files = ImageFiles(root, missing_images, grey=True)
        self.targets = chosen(targets, LABELS, self)
        self.task = Task.of_findings(self.targets)
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per image of the entry table (v2020 where both are there), 14 label columns.

        `view` is "PA", "AP" or "" (anything else). Ages are in years, also where the table says
        `060Y`, `013M` or `001D`; NaN above 120.
        """
        path = find(self, "Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
        entries = read_csv(
            path,
            ["Image Index", "Finding Labels", "Patient ID", "Patient Age", "Patient Gender",
             "View Position"],
            full=["Image Index", "Patient ID"],
        )  # fmt: skip
        name = check_images(entries["Image Index"].str.strip(), path)
        view = entries["View Position"].str.strip().str.upper()
        return sample_table(
            image=self._located(name),
            patient=entries["Patient ID"].str.strip().str.zfill(8),
            labels=_findings(entries["Finding Labels"], path),
            split=self._official_split(name),
            age=age_in_years(entries["Patient Age"]),
            sex=sex_of(entries["Patient Gender"]),
            view=view.where(view.isin(["PA", "AP"]), ""),
        )

    def _located(self, names: pd.Series) -> pd.Series:
        """`images/<name>`, except for the names that lie in one of Kaggle's twelve folders."""
        folder = {}
        for kaggle in sorted(self.files.root.glob("images_*/images")):
            prefix = f"{kaggle.parent.name}/images/"
            folder.update(dict.fromkeys(self.files.names_in(prefix), prefix))
        return pd.Series([folder.get(name, "images/") + name for name in names], dtype="str")

    def _official_split(self, names: pd.Series) -> pd.Series:
        lists = {
            part: set(read_names(find(self, f"{part}_list.txt"))) for part in ("train_val", "test")
        }
        both = lists["train_val"] & lists["test"]
        if both:
            raise MedsmallError(
                f"{len(both):,} images are in both train_val_list.txt and test_list.txt under "
                f"{self.files.root.absolute()}, such as {min(both)}: get the lists again."
            )
        split = pd.Series("", index=names.index, dtype="str")
        for part, listed in lists.items():
            split[names.isin(listed)] = part
        if len(split) and (split == "").all():
            raise MedsmallError(
                f"None of the {len(names):,} images of the entry table is in train_val_list.txt "
                f"or test_list.txt under {self.files.root.absolute()}: table and lists are from "
                "different releases, get them again."
            )
        return split

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated films and tables in the layout, and with the quirks, of 2017."""
        from medsmall.dataset.phantoms import chestxray14

        chestxray14.write(root, patients, seed)


def _findings(column: pd.Series, path: Path) -> dict[str, np.ndarray]:
    """One float64 column per label from `A|B` strings; a blank cell is unknown in all."""
    codes, texts = pd.factorize(column)  # 112,120 rows hold only 836 different strings
    rows = np.zeros((len(texts) + 1, len(LABELS)))
    rows[-1] = np.nan  # factorize codes a blank cell as -1
    for row, text in zip(rows, texts, strict=False):
        for finding in text.split("|"):
            if finding in LABELS:
                row[LABELS.index(finding)] = 1
            elif finding != NO_FINDING:
                raise MedsmallError(
                    f"{path.absolute()} has a finding '{finding}' that the release does not know"
                    f"{did_you_mean(finding, LABELS)}."
                )
    return dict(zip(LABELS, rows[codes].T, strict=True))
