"""A folder: people's own images, sorted into one folder per class."""

import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset import MODALITIES, tables
from medsmall.dataset.own.class_folders import Found, find_images
from medsmall.dataset.own.classes import data_name, label_names, parts_to_learn
from medsmall.dataset.own.files import OwnFiles
from medsmall.errors import MedsmallError
from medsmall.task import Task
from medsmall.terminal import say_once

NAMES = (  # usual ways to write the patient and the number of the image; the phantom tries them
    "{p:04d}_{n}", "person{p}_{n}", "patient{p:05d}_{n}", "P{p:03d}_{n}", "p{p}_{n}",
    "{p:04d}-{n}", "case{p}_{n}", "sub-{p:03d}_{n}", "IM-{p:04d}-{n:04d}",
)  # fmt: skip


class Folder(OwnFiles):
    """Images of any format (DICOM too) in `root/<class>/`, or in `root/train/<class>/`, ...

    Args:
        root: the folder of the class folders, or of `train`, `val` and `test` (also training,
            valid, validation, dev, testing), which hold them and are the official split then.
        targets: classes to learn, by default all; of two classes only the positive one.
        positive: which of two classes is the positive one. None: the other one of normal,
            negative, benign, healthy, uninfected, control, no_...; else the second by name.
        patient: a regular expression with one group, searched for in each file's name: what it
            finds is the patient, `^(person\\d+)` for `person12_bacteria_46.jpeg`. A name without it
            is a patient of its own; None: every image counts as its own patient.
        modality: one of `medsmall.dataset.MODALITIES`.
        grey: True reads every image as grey; None as the file is.
        name: what the data are called in names and messages; another folder is another name.
        missing_images: without effect, as the images that are there are the data.
        phantom_patients: number of patients of the generated stand-in.

    Two classes are binary, more are multiclass. Images may lie in further folders inside that of
    the class. Hidden files and what systems leave behind (.DS_Store, Thumbs.db, __MACOSX) are
    passed over; other files that are no images are too, and are counted.
    """

    name = "folder"

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        positive: str | None = None,
        patient: str | None = None,
        modality: str = "other",
        grey: bool | None = None,
        name: str = "folder",
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 120,
    ) -> None:
        self.root = Path(root).expanduser()
        if isinstance(targets, str):
            raise MedsmallError(f"dataset.targets is a list: write dataset.targets=[{targets}].")
        self.given_targets, self.positive = targets, positive
        self.patient = None if patient is None else _expression(patient)
        self.modality = tables.one_of(modality, MODALITIES, "dataset.modality")
        self.grey, self.name = grey, data_name(name)
        tables.one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing_images = missing_images
        self.phantom_patients = phantom_patients

    @cached_property
    def labels(self) -> list[str]:
        """The label columns: the classes, or the positive one of two; looks at the folder."""
        return label_names(sorted({found.kind for found in self._found}), self.positive)

    @cached_property
    def targets(self) -> list[str]:
        """The labels to learn."""
        return tables.chosen(self.given_targets, self.labels, self)

    @cached_property
    def task(self) -> Task:
        """Binary of two classes, or of one against all others; else multiclass."""
        return Task.of_classes(self.targets)

    def table(self) -> pd.DataFrame:
        """One row per image that is there, by path; age, sex and view are not known."""
        return self._rows.copy()

    @property
    def variant(self) -> str:
        """Tells folders of other classes or file names apart: 8 hexadecimal digits."""
        pattern = self.patient.pattern if self.patient else None
        told = repr([self.given_targets, self.positive, pattern])
        return hashlib.sha256(told.encode()).hexdigest()[:8]

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated pictures of 96 px into `train`, `val` and `test`, a folder per class.

        Classes are the targets (with "normal" where one is named), else "normal" and "abnormal".
        1 to 3 pictures per patient, if one of the usual ways to write patients in file names fits
        the expression `patient`; MedsmallError if none does.
        """
        from medsmall.phantom import drawing, shapes

        named = self.given_targets or [self.positive or "abnormal"]
        classes = ["normal", *named] if len(named) == 1 else named
        for patient in range(patients):
            rng = np.random.default_rng([seed, 43, patient])
            last = patient >= patients - max(1, patients // 4)
            part = "test" if last else ["train", "train", "val"][patient // len(classes) % 3]
            for number in range(1 + rng.integers(3) if self.patient else 1):
                kind = (patient + number) % len(classes)
                shown = [kind - 1] if kind else []
                pixels = shapes.picture(shown, len(classes), 0, seed + patient, rng)
                file = root / part / classes[kind] / f"{self._file_name(patient + 1, number)}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                drawing.save(pixels, file)

    @cached_property
    def _rows(self) -> pd.DataFrame:
        frame = pd.DataFrame([vars(found) for found in self._found])
        kinds = frame["kind"]
        known = {
            "image": frame["image"],
            "patient": self._patients(frame["image"]),
            "split": parts_to_learn(frame["part"]),
        }
        labels = pd.DataFrame(tables.one_hot(kinds, self.labels, self.targets), index=frame.index)
        metadata = pd.DataFrame({"age": np.nan, "sex": "", "view": ""}, index=frame.index)
        text = ["image", "patient", "split", "sex", "view"]
        whole = pd.concat([pd.DataFrame(known), labels, metadata], axis=1)
        return whole.astype(dict.fromkeys(text, "str"))

    @cached_property
    def _found(self) -> list[Found]:
        if not self.root.is_dir():
            raise MedsmallError(
                f"{self.name} is not here: there is no folder {self.root.absolute()} "
                "(dataset.root); correct it, or try everything on generated images with "
                "phantom=true."
            )
        return find_images(self.root, self.name)

    def _patients(self, image: pd.Series) -> pd.Series:
        if self.patient is None:
            say_once(
                f"{self.name}: no expression tells the patient from the file name "
                "(dataset.patient), so every image counts as its own patient; scores are too good "
                "if some are of the same."
            )
            return image
        found = image.str.rpartition("/")[2].str.extract(self.patient, expand=False)
        without = found.isna() | (found == "")
        if without.all():
            raise MedsmallError(
                f"dataset.patient='{self.patient.pattern}' fits none of the {len(image):,} file "
                f"names under {self.root.absolute()}, such as {image.iloc[0]}: correct it."
            )
        if without.any():
            say_once(
                f"{self.name}: dataset.patient fits {(~without).sum():,} of {len(image):,} file "
                f"names; the others, such as {image[without].iloc[0]}, count as a patient each."
            )
        return found.where(~without, image)

    def _file_name(self, patient: int, number: int) -> str:
        names = [style.format(p=patient, n=number) for style in NAMES]
        if self.patient is None:
            return names[0]
        for name in names:
            found = self.patient.search(f"{name}.png")
            if found and str(patient) in (found[1] or ""):
                return name
        raise MedsmallError(
            f"Generated files have no name that dataset.patient='{self.patient.pattern}' fits: "
            "set dataset.patient=null with phantom=true."
        )


def _expression(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise MedsmallError(
            f"dataset.patient='{text}' is no regular expression ({error}): correct it."
        ) from None
    if pattern.groups != 1:
        raise MedsmallError(
            f"dataset.patient='{text}' has {pattern.groups} groups: put brackets around what "
            "names the patient and nothing else, such as ^(person\\d+)."
        )
    return pattern
