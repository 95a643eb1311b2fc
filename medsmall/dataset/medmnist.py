"""MedMNIST: twelve data sets of small square images, from chest films to blood cells."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset.arguments import chosen, one_of
from medsmall.dataset.medmnist_flags import FLAGS
from medsmall.dataset.medmnist_npz import PARTS, URL, NpzFile
from medsmall.dataset.sample_table import one_hot, sample_table
from medsmall.errors import MedsmallError
from medsmall.task import Task

SIZES = (28, 64, 128, 224)
PAPER = (
    "Yang et al., MedMNIST v2: a large-scale lightweight benchmark for 2D and 3D biomedical image "
    "classification, Scientific Data 2023"
)


class MedMNIST:
    """One data set of the release: the file `<flag>[_64|_128|_224].npz`.

    Args:
        root: the folder of the npz file.
        targets: labels to learn, by default all; their names are in `medmnist_flags`. With several
            classes but not all, images of other classes are left out; a single class is learnt
            against all the rest.
        flag: which data set, named as in the medmnist package.
        size_px: side of the square images, 28, 64, 128 or 224, each in its own file.
        download: download a missing file with the medmnist package.
        missing_images: without effect, one file holds all images.
        phantom_patients: number of patients (= images) of the generated stand-in.

    Patients are unknown: every image counts as its own patient. Most sources have several images
    of some patients, so test scores may be inflated. The split is as released. `facts` is the row
    of `medmnist_flags`, with the published results.

    pneumoniamnist has the target `pneumonia`; breastmnist has `malignant`, which is 1 minus the
    released number (0 malignant, 1 normal or benign); the grades of retinamnist are classes.
    """

    unit = "image"
    patients_known = False
    url = URL

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        flag: Literal[
            "pathmnist",
            "chestmnist",
            "dermamnist",
            "octmnist",
            "pneumoniamnist",
            "retinamnist",
            "breastmnist",
            "bloodmnist",
            "tissuemnist",
            "organamnist",
            "organcmnist",
            "organsmnist",
        ] = "bloodmnist",
        size_px: Literal[28, 64, 128, 224] = 28,
        download: bool = True,
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 600,
    ) -> None:
        self.name = self.flag = one_of(flag, list(FLAGS), "dataset.flag")
        if size_px not in SIZES:
            raise MedsmallError(f"dataset.size_px must be 28, 64, 128 or 224, but is {size_px}.")
        self.files = NpzFile(root, missing_images, flag, size_px, download)
        self.facts = FLAGS[flag]
        self.modality = self.facts.modality
        self.labels = self.facts.labels
        self.citation = f"{PAPER}; {self.facts.source}"
        self.licence = self.facts.licence
        self.targets = chosen(targets, self.labels, self)
        exclusive = self.facts.task is Task.MULTICLASS
        self.task = (Task.of_classes if exclusive else Task.of_findings)(self.targets)
        self.variant = str(size_px)
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per image in the order train, val, test; `image` is like `train/00012`.

        Age, sex and view are not in the release: NaN and "".
        """
        released = {part: self.files.labels(part) for part in PARTS}
        rows = [(part, f"{i:05d}") for part in PARTS for i in range(len(released[part]))]
        return sample_table(
            image=[f"{part}/{number}" for part, number in rows],
            patient=[f"{part}-{number}" for part, number in rows],
            labels=self._columns(np.concatenate(list(released.values()))),
            split=[part for part, _ in rows],
        )

    def _columns(self, released: np.ndarray) -> dict[str, np.ndarray]:
        """Label columns, float64, of the released numbers (N, 1) or multi-hot rows (N, 14)."""
        if self.facts.task is Task.MULTICLASS:
            classes = np.array(self.labels)[released[:, 0]].tolist()
            return one_hot(classes, self.labels, self.targets)
        hot = (released == self.facts.positive).astype("float64")
        return {label: hot[:, i] for i, label in enumerate(self.labels)}

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write the file of this flag and size: 80 % train, 9 % val, 11 % test."""
        from medsmall.dataset.phantoms import medmnist

        file = root / self.files.path.name
        medmnist.write(file, self.flag, self.files.size_px, patients, seed)
