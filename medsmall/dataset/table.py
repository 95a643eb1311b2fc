"""A table: people's own images, listed with their labels in a CSV or Parquet file."""

import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from medsmall.dataset import MODALITIES
from medsmall.dataset.arguments import chosen, one_of
from medsmall.dataset.depth import span_of
from medsmall.dataset.files import ImageFiles
from medsmall.dataset.frames import frame_of
from medsmall.dataset.own import listed, name_pattern, people
from medsmall.dataset.own.classes import RESERVED, data_name
from medsmall.dataset.own.column import Column
from medsmall.dataset.own.labels import check_arguments
from medsmall.dataset.own.layout import Layout
from medsmall.dataset.own.table_file import TableFile
from medsmall.dataset.own.table_labels import TableLabels
from medsmall.dataset.sample_table import sample_table
from medsmall.errors import MedsmallError
from medsmall.task import Task
from medsmall.terminal import say_once

KEY = "dataset.patient_pattern"


class Table:
    """One row per image, with columns that the arguments name.

    Args:
        root: the folder that image paths are relative to.
        file: the table, inside `root`, or with a full path (a file of that name in `root` has
            precedence); CSV of any usual separator and encoding, or Parquet.
        image: column of the image files.
        folder: folder inside `root` that holds these files; "" if the names include it.
        suffix: the ending that the names lack, such as ".png"; "" if they are complete.
        targets: label columns, each of 0 and 1 (also true, false, yes, no) or each of numbers;
            or, with `label`, the classes to learn. None: with `label` all classes, else every
            column of 0 and 1 that no other argument names.
        label: one column with the class of each image, 0 and 1, or a number to predict.
        positive: the positive one of two classes in `label`. None: the class opposite to
            normal, negative, benign, healthy, control, no_...; else the second by name.
        merge: spellings in `label` with their class: {"KERATOSE": "Keratose"}.
        task: None infers it: 0 and 1 in one column is binary; in several it is multiclass if
            each row has exactly one 1 and no blank, else multilabel. In `label`, two classes are
            binary and more are multiclass; numbers with decimals or more than 20 different values
            are a regression.
        patient: column of the patient (or lesion, slide: the group that a split keeps together).
            None: every image counts as its own patient, unless `patient_pattern` finds it.
        patient_pattern: a regular expression with one group, searched for in each file's name (or,
            with a / in it, in its path): what it finds is the patient, `^(person\\d+)` for
            `person12_bacteria_46.jpeg`. An image without it is a patient of its own.
        split: column of train, val or test (also training, valid, validation, dev, testing).
            Without val, part of train becomes it.
        age, sex, view: columns of years (`people.ages` has the units), of sexes (`people.sexes`
            has the words), and of any text. Values that are not understood are unknown, with a
            notice.
        modality: one of `medsmall.dataset.MODALITIES`.
        grey: True reads every image as grey; None as the file is.
        range: the values of black and white in PNG and TIFF of more than 8 bits, such as [0, 4095]
            for 12 bits; values outside are clipped, with a notice. None: [0, 65535].
        frame: number of the frame, from 1; None: the middle frame of DICOM, with a notice; other
            files of several frames are refused.
        name: of the data in names and messages; give each table another name.
        missing_images: what to do about listed images that are missing: "error" or "drop".
        phantom_patients: number of patients of the generated stand-in.

    Blank label cells are unknown, and so are the words of `cell_words.UNKNOWN` (nan, ?, k.A., ...).
    """

    name = "table"
    unit = "image"
    citation = licence = url = ""  # known to the user only

    def __init__(
        self,
        root: str,
        file: str = "images.csv",
        image: str = "image",
        folder: str = "",
        suffix: str = "",
        targets: list[str] | None = None,
        label: str | None = None,
        positive: str | None = None,
        merge: dict[str, str] | None = None,
        task: Literal["binary", "multilabel", "multiclass", "regression"] | None = None,
        patient: str | None = None,
        patient_pattern: str | None = None,
        split: str | None = None,
        age: str | None = None,
        sex: str | None = None,
        view: str | None = None,
        modality: str = "other",
        grey: bool | None = None,
        range: list[float] | None = None,
        frame: int | None = None,
        name: str = "table",
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 120,
    ) -> None:
        self.files = ImageFiles(root, missing_images, grey, (), span_of(range), frame_of(frame))
        self.modality = one_of(modality, MODALITIES, "dataset.modality")
        self.name = data_name(name)
        given = None if task is None else Task(one_of(task, list(Task), "dataset.task"))
        check_arguments(targets, label, positive, merge, given)
        listed.check_place(folder, suffix)
        columns = {"patient": patient, "split": split, "age": age, "sex": sex, "view": view}
        pattern = None if patient_pattern is None else name_pattern.compiled(patient_pattern, KEY)
        if pattern and patient is not None:
            raise MedsmallError(f"dataset.patient and {KEY} both define the patient: keep one.")
        self.layout = Layout(
            file, image, folder, suffix, columns, pattern, label, targets, positive, merge, given
        )
        self._file = TableFile(self.name, self.files.root, file)
        self._labels = TableLabels(self._file, self.layout)
        self.phantom_patients = phantom_patients

    def use(self, file: TableFile) -> None:
        """Take the cells of `file`, this table's file, which has been read before."""
        self._file, self._labels = file, TableLabels(file, self.layout)

    @property
    def labels(self) -> list[str]:
        """The label columns of the sample table; reads the file."""
        return self._labels.names

    @cached_property
    def targets(self) -> list[str]:
        """The labels to learn."""
        classes = self.layout.targets if self.layout.label else None
        return chosen(classes, self.labels, self)

    @cached_property
    def task(self) -> Task:
        """The task, given or inferred."""
        return self._labels.task(self.targets)

    def table(self) -> pd.DataFrame:
        """One row per row of the file, in its order; other columns of the file follow as text."""
        return self._rows.copy()

    @cached_property
    def _rows(self) -> pd.DataFrame:
        layout, file, columns = self.layout, self._file, self.layout.columns
        image = listed.image_paths(
            file.column(layout.image), self.files.root, layout.folder, layout.suffix
        )
        listed.refuse_repeated(image, file.cells, file.path, layout.image, self._labels.sources)
        known = {*layout.used, *self._labels.sources, *RESERVED, *self.labels}
        rows = sample_table(
            image=image,
            patient=self._patient(image),
            split=self._read("split", listed.parts, ""),
            labels=self._labels.values(self.targets, self.task),
            age=self._read("age", people.ages, np.nan),
            sex=self._read("sex", people.sexes, ""),
            view=file.text(columns["view"]),
            others={str(name): cells for name, cells in file.cells.items() if name not in known},
        )
        return rows.reset_index(drop=True)

    def _read(
        self, role: str, read: Callable[[Column], pd.Series], otherwise: Any
    ) -> pd.Series | Any:
        """The column of that role, `otherwise` if none is named."""
        name = self.layout.columns[role]
        return otherwise if name is None else read(self._file.column(name))

    def _patient(self, image: pd.Series) -> pd.Series:
        name, pattern = self.layout.columns["patient"], self.layout.pattern
        if pattern is not None:
            return name_pattern.patients(image, pattern, self.name, self.files.root, KEY)
        if name is None:
            say_once(
                f"{self.name}: dataset.patient is not set, so patients are unknown and every image "
                "counts as its own patient. If patients repeat, test scores will be inflated."
            )
            return image
        return listed.patients(self._file.column(name))

    @property
    def variant(self) -> str:
        """Distinguishes tables with other columns or classes: 8 hexadecimal digits."""
        return hashlib.sha256(repr(self.layout).encode()).hexdigest()[:8]

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated pictures and a table with the columns that the arguments name."""
        from medsmall.dataset.phantoms import table

        table.write(self.layout, root, patients, seed)
