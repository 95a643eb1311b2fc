"""MURA: 40,005 bone films of 14,656 studies of the upper limb, normal or abnormal per study."""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from medsmall.dataset.arguments import chosen, one_of, some_of
from medsmall.dataset.csv_files import read_headless_csv
from medsmall.dataset.files import ImageFiles, find
from medsmall.dataset.sample_table import below_release, check_images, one_hot, sample_table
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.task import Task

LABELS = ["abnormal"]
BODY_PARTS = ["ELBOW", "FINGER", "FOREARM", "HAND", "HUMERUS", "SHOULDER", "WRIST"]
FINDINGS = ["normal", "abnormal"]
HOLDS = ["train_image_paths.csv", "valid_image_paths.csv"]
SPLIT = {"train": "train_val", "valid": "test"}


class Mura:
    """The release of Stanford: `train/`, `valid/` and four tables without header.

    Args:
        root: the folder that holds `train_image_paths.csv` and the three other tables (or
            `.csv.gz`), or the folder below or above that one. The tables begin each path with the
            release's own folder name; that part is removed.
        targets: "abnormal" is the only one with `classes` "abnormal"; with "part_finding" some of
            the classes, by default all.
        classes: "abnormal", one binary target, or "part_finding", the exclusive classes
            ELBOW_normal, ELBOW_abnormal, FINGER_normal, ..., two per body part.
        body_parts: use the films of these only, in this order of classes; None: of all seven.
        missing_images: what to do about listed images that are missing: "error" or "drop".
        phantom_patients: number of patients of the generated stand-in.

    Labels are per study, and test scores too. `train` is the part "train_val" and `valid` is
    "test": it is the only labelled held-out part of the public release. A patient has one number
    across body parts and is one patient here.

    Films are grey, up to 512 px; the release mixes grey and RGB files.
    """

    name = "mura"
    modality = "bone x-ray"
    variant = ""
    unit = "study"
    negatives: ClassVar[dict[str, str]] = {"abnormal": "normal"}  # what answers call it
    citation = (
        "Rajpurkar et al., MURA: large dataset for abnormality detection in musculoskeletal "
        "radiographs, MIDL 2018"
    )
    licence = "Stanford University Dataset Research Use Agreement: research only, no sharing"
    url = "https://stanfordmlgroup.github.io/competitions/mura/"

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        classes: Literal["abnormal", "part_finding"] = "abnormal",
        body_parts: list[str] | None = None,
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 120,
    ) -> None:
        self.files = ImageFiles(root, missing_images, grey=True, holds=HOLDS)
        one_of(classes, ["abnormal", "part_finding"], "dataset.classes")
        self.body_parts = BODY_PARTS
        if body_parts is not None:
            self.body_parts = some_of(
                body_parts, BODY_PARTS, "dataset.body_parts", "mura has no body part"
            )
        self.labels = LABELS
        if classes == "part_finding":
            self.labels = [f"{part}_{finding}" for part in self.body_parts for finding in FINDINGS]
        self.targets = chosen(targets, self.labels, self)
        self.task = Task.of_classes(self.targets)
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per film; `study` is its folder, `body_part` ELBOW, FINGER, ... as released.

        Age, sex and view are not in the release: NaN and "".
        """
        parts = [self._part(part) for part in SPLIT]
        table = pd.concat(parts, ignore_index=True)
        return table[table["body_part"].isin(self.body_parts)].reset_index(drop=True)

    def _part(self, part: str) -> pd.DataFrame:
        names = f"{part}_image_paths.csv", f"{part}_labeled_studies.csv"
        listed, labelled = [find(self, name, f"{name}.gz") for name in names]
        films = read_headless_csv(listed, ["image"])["image"]
        image = below_release(check_images(films, listed), listed, depth=5)
        study = image.str.rsplit("/", n=1).str[0]
        label = study.map(_labels(labelled))
        if label.isna().any():
            raise MedsmallError(
                f"{label.isna().sum():,} images of {listed.absolute()} belong to studies without a "
                f"label in {labelled.absolute()}, such as {study[label.isna()].iloc[0]}: "
                "get both tables again."
            )
        folders = study.str.split("/")
        body_part = folders.str[1].str.removeprefix("XR_")
        labels = self._columns(body_part, label.astype("float64"), listed)
        others = {"study": study, "body_part": body_part}
        return sample_table(image, folders.str[2], labels, SPLIT[part], others=others)

    def _columns(
        self, body_part: pd.Series, abnormal: pd.Series, listed: Path
    ) -> dict[str, np.ndarray]:
        """One float64 column per label."""
        foreign = ~body_part.isin(BODY_PARTS)
        if foreign.any():
            raise MedsmallError(
                f"{listed.absolute()} has the body part '{body_part[foreign].iloc[0]}', which the "
                f"release does not know{did_you_mean(body_part[foreign].iloc[0], BODY_PARTS)}."
            )
        if self.labels == LABELS:
            return {"abnormal": abnormal.to_numpy()}
        finding = abnormal.map({0.0: "normal", 1.0: "abnormal"})
        return one_hot(list(body_part + "_" + finding), self.labels, self.targets)

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated films of 96 to 144 px, grey and RGB mixed, and the four tables."""
        from medsmall.dataset.phantoms import mura

        mura.write(root, patients, seed)


def _labels(path: Path) -> dict[str, float]:
    """Study folder -> 0.0 or 1.0."""
    rows = read_headless_csv(path, ["study", "abnormal"])
    study = below_release(rows["study"].str.rstrip("/"), path, depth=4)
    wrong = ~rows["abnormal"].isin(["0", "1"])
    if wrong.any():
        raise MedsmallError(
            f"{path.absolute()} has the label '{rows['abnormal'][wrong].iloc[0]}', not 0 or 1."
        )
    return dict(zip(study, rows["abnormal"].astype("float64"), strict=True))
