"""A folder: people's own images, sorted into one folder per class."""

import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd

from medsmall.dataset import MODALITIES
from medsmall.dataset.arguments import chosen, one_of
from medsmall.dataset.depth import span_of
from medsmall.dataset.files import ImageFiles
from medsmall.dataset.frames import frame_of
from medsmall.dataset.own import name_pattern
from medsmall.dataset.own.class_folders import Found, check_folder_names, find_images
from medsmall.dataset.own.classes import data_name, label_names, parts_to_learn
from medsmall.dataset.remedies import TRY
from medsmall.dataset.sample_table import one_hot, sample_table
from medsmall.errors import AbsentDataError, MedsmallError
from medsmall.task import Task


class Folder:
    """Images of any format (DICOM too) in `root/<class>/`, or in `root/train/<class>/`, ...

    Args:
        root: the folder of the class folders, or of `train`, `val` and `test` (also training,
            valid, validation, dev, testing), which hold them and are the official split then.
        targets: classes to learn, by default all; of two classes only the positive one.
        positive: the positive one of two classes. None: the class opposite to normal, negative,
            benign, healthy, uninfected, control, no_...; else the second by name.
        merge: folders that hold the same class, with its name: {"NORMAL": "Normal"}.
        patient: a regular expression with one group, searched for in each file's name (or, with a /
            in it, in its path below `root`): what it finds is the patient, `^(person\\d+)` for
            `person12_bacteria_46.jpeg`. A name without it is a patient of its own; None: every
            image counts as its own patient.
        modality: one of `medsmall.dataset.MODALITIES`.
        grey: True reads every image as grey; None as the file is.
        range: the values of black and white in PNG and TIFF of more than 8 bits, such as [0, 4095]
            for 12 bits; values outside are clipped, with a notice. None: [0, 65535].
        frame: number of the frame, from 1; None: the middle frame of DICOM, with a notice; other
            files of several frames are refused.
        name: of the data in names and messages; give each folder another name.
        missing_images: without effect, as the images found are the data.
        phantom_patients: number of patients of the generated stand-in.

    Two classes are binary, more are multiclass. Class folders may have subfolders. Hidden files and
    system files (.DS_Store, Thumbs.db, __MACOSX) are ignored; so are other files that are not
    images, with their count.
    """

    name = "folder"
    unit = "image"
    citation = licence = url = ""  # known to the user only

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        positive: str | None = None,
        merge: dict[str, str] | None = None,
        patient: str | None = None,
        modality: str = "other",
        grey: bool | None = None,
        range: list[float] | None = None,
        frame: int | None = None,
        name: str = "folder",
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 120,
    ) -> None:
        self.files = ImageFiles(root, missing_images, grey, (), span_of(range), frame_of(frame))
        if isinstance(targets, str):
            raise MedsmallError(f"dataset.targets is a list: write dataset.targets=[{targets}].")
        self.merge = merge or {}
        check_folder_names([*(targets or []), *filter(None, [positive]), *self.merge.values()])
        self.given_targets, self.positive = targets, positive
        self.patient = None if patient is None else name_pattern.compiled(patient)
        self.modality = one_of(modality, MODALITIES, "dataset.modality")
        self.name = data_name(name)
        self.phantom_patients = phantom_patients

    @cached_property
    def labels(self) -> list[str]:
        """The label columns: the classes, or the positive one of two; looks at the folder."""
        return label_names(sorted({found.kind for found in self._found}), self.positive)

    @cached_property
    def targets(self) -> list[str]:
        """The labels to learn."""
        return chosen(self.given_targets, self.labels, self)

    @cached_property
    def task(self) -> Task:
        """Binary for two classes, or for one class against the rest; else multiclass."""
        return Task.of_classes(self.targets)

    def table(self) -> pd.DataFrame:
        """One row per image found, sorted by path; age, sex and view are unknown."""
        found = pd.DataFrame([vars(one) for one in self._found])
        image = found["image"].astype("str")
        return sample_table(
            image=image,
            patient=name_pattern.patients(image, self.patient, self.name, self.files.root),
            labels=one_hot(found["kind"], self.labels, self.targets),
            split=parts_to_learn(found["part"]),
        )

    @cached_property
    def _found(self) -> list[Found]:
        root = self.files.root
        if not os.path.isdir(root):
            raise AbsentDataError(
                f"{self.name} is not here: there is no folder {root.absolute()} (dataset.root); "
                f"correct it, or {TRY}."
            )
        return find_images(root, self.name, self.merge)

    @property
    def variant(self) -> str:
        """Distinguishes folders with other classes or file names: 8 hexadecimal digits."""
        pattern = self.patient.pattern if self.patient else None
        told = repr([self.given_targets, self.positive, pattern, *self.merge.items()])
        return hashlib.sha256(told.encode()).hexdigest()[:8]

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated pictures of 96 px into `train`, `val` and `test`, a folder per class.

        Classes are the targets (with "normal" where one is named), else "normal" and "abnormal".
        """
        from medsmall.dataset.phantoms import folder

        named = self.given_targets or [self.positive or "abnormal"]
        classes = ["normal", *named] if len(named) == 1 else named
        folder.write(root, classes, self.patient, patients, seed)
