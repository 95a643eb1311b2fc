"""A table: people's own images, listed with their labels in a CSV or Parquet file."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd

from medsmall.dataset import MODALITIES, tables
from medsmall.dataset.own import listed, spreadsheet
from medsmall.dataset.own.classes import RESERVED, check_names, data_name
from medsmall.dataset.own.column import Column
from medsmall.dataset.own.files import OwnFiles
from medsmall.dataset.own.labels import (
    check_arguments,
    class_labels,
    names_classes,
    refuse_other_number,
    refuse_several,
    task_of,
)
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.task import Task
from medsmall.terminal import say_once


class Table(OwnFiles):
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
        self.root = Path(root).expanduser()
        self.file_name, self.image, self.folder, self.suffix = file, image, folder, suffix
        self.label, self.positive = label, positive
        self.columns = {
            "patient": patient, "split": split, "age": age, "sex": sex, "view": view,
        }  # fmt: skip
        self.modality = tables.one_of(modality, MODALITIES, "dataset.modality")
        self.grey, self.name = grey, data_name(name)
        tables.one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing_images = missing_images
        self.phantom_patients = phantom_patients
        self.given_task = None if task is None else Task(
            tables.one_of(task, list(Task), "dataset.task")
        )  # fmt: skip
        check_arguments(targets, label, positive, self.given_task)
        self.given_targets = targets

    @cached_property
    def labels(self) -> list[str]:
        """The label columns of the sample table; reads the file."""
        if self._by_class:
            return class_labels(self._label_column, self.positive)
        names = [self.label] if self.label else self.given_targets or self._columns_of_0_and_1()
        check_names(names)
        return list(names)

    @cached_property
    def targets(self) -> list[str]:
        """The labels to learn."""
        chosen = self.given_targets if self.label else None
        return tables.chosen(chosen, self.labels, self)

    @cached_property
    def task(self) -> Task:
        """The task given, or found out."""
        columns = [] if self._by_class else [self._column(name) for name in self.targets]
        if self.given_task:
            found = self.given_task
        elif self._by_class:
            found = Task.of_classes(self.targets)
        else:
            found = task_of(columns)
        refuse_other_number(found, self.targets)
        if found is Task.MULTICLASS:
            refuse_several(columns)
        return found

    def table(self) -> pd.DataFrame:
        """One row per row of the file, in its order; other columns of the file follow as text."""
        return self._rows.copy()

    @property
    def variant(self) -> str:
        """Tells tables with other columns or classes apart: 8 hexadecimal digits."""
        told = [self.file_name, self.image, self.folder, self.suffix, self.label, self.positive,
                self.given_targets, self.given_task, self.columns]  # fmt: skip
        return hashlib.sha256(repr(told).encode()).hexdigest()[:8]

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated pictures and a table with the columns that the arguments name.

        1 to 3 pictures of 96 px per patient where `patient` names a column, else one. The table is
        CSV, or Parquet where `file` is. Classes that are not named are `class_0`, `class_1`, ...
        """
        from medsmall.phantom import table

        table.write(self, root, patients, seed)

    @cached_property
    def _rows(self) -> pd.DataFrame:
        cells, path = self._cells, self._path
        image = listed.image_paths(self._column(self.image), self.root, self.folder, self.suffix)
        listed.refuse_repeated(image, cells, path, self.image, self._label_sources)
        frame = {"image": image, "patient": self._patient(image), "split": self._split()}
        labels = self._label_frame()
        metadata = {
            "age": tables.age_in_years(self._optional("age")),
            "sex": tables.sex_of(self._optional("sex")),
            "view": self._optional("view"),
        }
        used = {self.image, *filter(None, self.columns.values()), *self._label_sources}
        taken = {*RESERVED, *self.labels}
        others = cells[[name for name in cells if name not in used and name not in taken]]
        whole = pd.concat([pd.DataFrame(frame), labels, pd.DataFrame(metadata), others], axis=1)
        return whole.reset_index(drop=True)

    @property
    def _path(self) -> Path:
        beside = self.root / Path(self.file_name).name
        return beside if beside.is_file() else self.root / Path(self.file_name).expanduser()

    @cached_property
    def _cells(self) -> pd.DataFrame:
        if not self._path.is_file():
            where = f"{self._path.absolute()} (dataset.file, below dataset.root)"
            raise MedsmallError(
                f"{self.name} is not here: there is no {where}; correct them, or try everything "
                "on generated images with phantom=true."
            )
        return spreadsheet.read(self._path)

    def _column(self, name: str) -> Column:
        if name not in self._cells.columns:
            raise MedsmallError(
                f"{self._path.absolute()} has no column '{name}'"
                f"{did_you_mean(name, self._cells.columns)}."
            )
        return Column(self._path, self._cells[name])

    @property
    def _label_column(self) -> Column:
        assert self.label is not None
        return self._column(self.label)

    @cached_property
    def _by_class(self) -> bool:
        """Whether `label` names classes."""
        return self.label is not None and names_classes(self._label_column, self.given_task)

    @property
    def _label_sources(self) -> list[str]:
        """The columns of the file that the labels are from."""
        return [self.label] if self.label else self.labels

    def _columns_of_0_and_1(self) -> list[str]:
        used = {self.image, *filter(None, self.columns.values())}
        free = [name for name in self._cells.columns if name not in used]
        names = [name for name in free if self._column(name).kind == "yes or no"]
        if not names:
            raise MedsmallError(
                f"{self._path.absolute()} has no column of 0 and 1 that could be a label: name "
                f"some in dataset.targets, or one in dataset.label, of {', '.join(free) or 'none'}."
            )
        return names

    def _label_frame(self) -> pd.DataFrame:
        if self._by_class:
            classes = self._label_column.classes().replace("", None)
            hot = tables.one_hot(classes, self.labels, self.targets)
            return pd.DataFrame(hot, index=classes.index)
        number = self.task is Task.REGRESSION
        columns = [self._column(name) for name in self.labels]
        return pd.DataFrame({c.name: c.numbers() if number else c.yes_no() for c in columns})

    def _patient(self, image: pd.Series) -> pd.Series:
        name = self.columns["patient"]
        if name is None:
            say_once(
                f"{self.name}: no patient column is named (dataset.patient), so every image counts "
                "as its own patient; scores are too good if some are of the same."
            )
            return image.rename("patient")
        return listed.patients(self._column(name))

    def _split(self) -> pd.Series:
        name = self.columns["split"]
        return self._optional("split") if name is None else listed.parts(self._column(name))

    def _optional(self, role: str) -> pd.Series:
        name = self.columns[role]
        if name is None:
            return pd.Series("", index=self._cells.index, dtype="str")
        return self._column(name).cells
