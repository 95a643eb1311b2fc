"""Data sets: each is one class in one file, made by Hydra from conf/dataset/<name>.yaml.

The contract of a data set (the Protocol below states it in types):

- It reads a release exactly as it unpacks, under `files.root`, and opens no file before `table()`
  or `files.read()`. `table()` lists all rows without checking that the image files exist.
- `files` locates the images: `file()` names the file of an image, which may hold others too;
  `read()` decodes an image; `reading` holds the options that change decoded pixels. It is an
  `ImageFiles` of the module `files`, or an own object of the data set for other kinds of files.
- `table()` has the columns `image` (path relative to `root`, with `/`), `patient`, `split`
  ("train_val", "train", "val", "test", or "" if the release does not say), then one float64
  column per label (1, 0, NaN = unknown; any number for regression), then `age` (years), `sex`
  ("F", "M", ""), `view`, ...; `sample_table` makes it.
- `targets` are the labels to learn, in the order given, and `task` is their kind. `unit` is the
  table's column whose values are scored (image, study). `modality` is one of MODALITIES.
  `patients_known = False` says that patients are unknown, whatever `patient` holds;
  `grouped_by = "lesion"` says what it holds instead of a patient.
- `write_phantom()` writes generated images and tables in the release's layout; the same arguments
  give byte-identical files. Patients differ enough that the audit finds no near duplicates at
  32 px. The code is in `phantoms`, or in the method itself, which imports the drawings.
  `variant` distinguishes phantoms if options choose among several releases ("" for one release).
- `__init__` takes `root`, `targets=None`, `missing_images="error"`, `phantom_patients=<number>`
  and what else there is to choose; the YAML has every argument at its default, and `root` begins
  with `${data_root}`. The annotations are plain (built-ins, None, Literal, list, dict): the
  configuration is checked against the source text, so a class needs no import to be checked.
- A mistake that the user can correct is a MedsmallError. Modules here import no torch, and at the
  top no OpenCV, pydicom, medmnist or matplotlib. Shared parts: `arguments` (checks), `csv_files`,
  `files`, `images` and `dicom` (decoding), `sample_table`. `own` reads people's own data, `guess`
  finds out how, and `opening` opens the data set of a config.
"""

from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from medsmall.task import Task

MODALITIES = (
    "chest x-ray", "bone x-ray", "mammography", "brain mri", "retina", "skin", "cells",
    "histology", "oct", "ultrasound", "ct", "other",
)  # fmt: skip


class Files(Protocol):
    """Locates and reads the images of a data set."""

    @property
    def root(self) -> Path:
        """The folder that image paths are relative to."""

    @property
    def missing(self) -> Literal["error", "drop"]:
        """What to do about listed images that are missing."""

    @property
    def reading(self) -> str:
        """The options that change the pixels which `read` gives."""

    def file(self, image: str) -> Path:
        """The file that holds the image of one row; it may not exist."""

    def read(self, image: str) -> np.ndarray:
        """The image of one row as uint8, (H, W) grey or (H, W, 3) RGB."""


class Dataset(Protocol):
    """The interface of a data set; see the module's docstring."""

    name: str
    modality: str
    unit: str
    citation: str
    licence: str
    url: str

    phantom_patients: int

    @property
    def files(self) -> Files:
        """The files that hold the images."""

    # For people's own data these are known only after reading.
    @property
    def labels(self) -> list[str]:
        """Names of all label columns."""

    @property
    def targets(self) -> list[str]:
        """The labels to learn, in the order given."""

    @property
    def task(self) -> Task:
        """The kind of the targets."""

    @property
    def variant(self) -> str:
        """Which of several releases the options choose."""

    def table(self) -> pd.DataFrame:
        """All rows the release lists, with a RangeIndex; MedsmallError where a file is absent."""

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated tables and images of `patients` patients into the empty folder `root`."""
