"""A table: people's own images, listed with their labels in a CSV or Parquet file."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd

from medsmall.dataset import MODALITIES
from medsmall.dataset.arguments import chosen, one_of
from medsmall.dataset.files import ImageFiles
from medsmall.dataset.own import listed
from medsmall.dataset.own.classes import RESERVED, data_name
from medsmall.dataset.own.labels import check_arguments
from medsmall.dataset.own.layout import Layout
from medsmall.dataset.own.table_file import TableFile
from medsmall.dataset.own.table_labels import TableLabels
from medsmall.dataset.sample_table import age_in_years, sample_table, sex_of
from medsmall.task import Task
from medsmall.terminal import say_once


class Table:
    """One row per image, with columns that the arguments name.

    Args:
        root: the folder that image paths are relative to.
        file: the table, below `root`, or with a full path (of which a file of that name in `root`
            goes first); CSV (comma, semicolon or tab; UTF-8), or Parquet.
        image: column of the image files.
        folder: folder below `root` that these names begin in; "" where they name it themselves.
        suffix: what the names lack, such as ".png"; "" where they are whole.
        targets: label columns, each of 0 and 1 (also true, false, yes, no) or each of numbers; or,
            with `label`, the classes to learn. None: with `label` all classes, else every column
            of 0 and 1 that is named nowhere else.
        label: a column that names each image's class, or holds 0 and 1, or a number to predict.
        positive: which of two classes in `label` is the positive one. None: the other one of
            normal, negative, benign, healthy, control, no_...; else the second by name.
        task: None finds out: 0 and 1 in one column is binary; in several it is multiclass if each
            row has exactly one 1 and no blank, else multilabel. In `label`, two classes are binary
            and more are multiclass; numbers with decimals or more than 20 different values are a
            regression.
        patient: column of the patient (or lesion, slide: what must not be torn apart). None: every
            image counts as its own patient.
        split: column of train, val or test (also training, valid, validation, dev, testing).
            Without val, part of train becomes it.
        age, sex, view: columns of years, of F and M, and of anything.
        modality: one of `medsmall.dataset.MODALITIES`.
        grey: True reads every image as grey; None as the file is.
        name: what the data are called in names and messages; another table is another name.
        missing_images: what to do about listed images that are not there: "error" or "drop".
        phantom_patients: number of patients of the generated stand-in.

    Blank label cells (also nan, na, null, ?) are unknown.
    """

    name = "table"
    unit = "image"
    citation = licence = url = ""  # the user knows

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
        task: Literal["binary", "multilabel", "multiclass", "regression"] | None = None,
        patient: str | None = None,
        split: str | None = None,
        age: str | None = None,
        sex: str | None = None,
        view: str | None = None,
        modality: str = "other",
        grey: bool | None = None,
        name: str = "table",
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 120,
    ) -> None:
        self.files = ImageFiles(root, missing_images, grey)
        self.modality = one_of(modality, MODALITIES, "dataset.modality")
        self.name = data_name(name)
        given = None if task is None else Task(one_of(task, list(Task), "dataset.task"))
        check_arguments(targets, label, positive, given)
        listed.check_place(folder, suffix)
        columns = {"patient": patient, "split": split, "age": age, "sex": sex, "view": view}
        self.layout = Layout(file, image, folder, suffix, columns, label, targets, positive, given)
        self._file = TableFile(self.name, self.files.root, file)
        self._labels = TableLabels(self._file, self.layout)
        self.phantom_patients = phantom_patients

    def use(self, file: TableFile) -> None:
        """Take the cells of `file`, which is this table's and has been read before."""
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
        """The task given, or found out."""
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
            split=self._split(),
            labels=self._labels.values(self.targets, self.task),
            age=age_in_years(file.text(columns["age"])),
            sex=sex_of(file.text(columns["sex"])),
            view=file.text(columns["view"]),
            others={str(name): cells for name, cells in file.cells.items() if name not in known},
        )
        return rows.reset_index(drop=True)

    def _patient(self, image: pd.Series) -> pd.Series:
        name = self.layout.columns["patient"]
        if name is None:
            say_once(
                f"{self.name}: no patient column is named (dataset.patient), so every image counts "
                "as its own patient; scores are too good if some are of the same."
            )
            return image
        return listed.patients(self._file.column(name))

    def _split(self) -> pd.Series:
        name = self.layout.columns["split"]
        return self._file.text(None) if name is None else listed.parts(self._file.column(name))

    @property
    def variant(self) -> str:
        """Tells tables with other columns or classes apart: 8 hexadecimal digits."""
        return hashlib.sha256(repr(self.layout).encode()).hexdigest()[:8]

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated pictures and a table with the columns that the arguments name."""
        from medsmall.dataset.phantoms import table

        table.write(self.layout, root, patients, seed)
