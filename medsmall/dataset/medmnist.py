"""MedMNIST: twelve data sets of small square images, from chest films to blood cells."""

import shutil
import tempfile
import threading
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from medsmall.dataset import medmnist_file, tables
from medsmall.dataset.medmnist_flags import FLAGS
from medsmall.errors import MedsmallError
from medsmall.task import Task

SIZES = (28, 64, 128, 224)
PARTS = ("train", "val", "test")
PAPER = (
    "Yang et al., MedMNIST v2: a large-scale lightweight benchmark for 2D and 3D biomedical image "
    "classification, Scientific Data 2023"
)
_DAMAGED = (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error)


class MedMNIST:
    """One data set of the release: the file `<flag>[_64|_128|_224].npz`.

    Args:
        root: the folder of the npz file.
        targets: labels to learn, by default all; their names are in `medmnist_flags`. Of several
            classes but not all, images of the others are left out; one class is learnt against
            all the rest.
        flag: which data set, named as in the medmnist package.
        size_px: edge of the square images, 28, 64, 128 or 224; each is a file of its own.
        download: get an absent file with the medmnist package.
        missing_images: without effect, one file holds all images.
        phantom_patients: number of patients (= images) of the generated stand-in.

    The release has no patient information: every image counts as its own patient. Most sources
    have several images of some patients, so a score here may be flattered. The split is as
    released. `facts` holds what the table in `medmnist_flags` says, such as the published results.

    pneumoniamnist has the target `pneumonia`; breastmnist has `malignant`, which is 1 minus the
    released number (0 malignant, 1 normal or benign); the grades of retinamnist are classes.
    """

    unit = "image"
    url = "https://zenodo.org/records/10519652"

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
        self.root = Path(root).expanduser()
        self.name = self.flag = tables.one_of(flag, list(FLAGS), "dataset.flag")
        self.facts = FLAGS[flag]
        self.modality = self.facts.modality
        self.labels = self.facts.labels
        self.citation = f"{PAPER}; {self.facts.source}"
        self.licence = self.facts.licence
        self.targets = tables.chosen(targets, self.labels, self)
        exclusive = self.facts.task is Task.MULTICLASS
        self.task = (Task.of_classes if exclusive else Task.of_findings)(self.targets)
        if size_px not in SIZES:
            raise MedsmallError(f"dataset.size_px cannot be {size_px}, only 28, 64, 128 or 224.")
        self.size_px = size_px
        self.variant = self.reading = str(size_px)
        self.download = download
        tables.one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing_images = missing_images
        self.phantom_patients = phantom_patients
        self._arrays: dict[str, np.ndarray | medmnist_file.OnDisk] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """Without the arrays: another process reads those it needs itself."""
        return {**self.__dict__, "_arrays": {}, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """With a lock of this process."""
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def table(self) -> pd.DataFrame:
        """One row per image in the order train, val, test; `image` is like `train/00012`.

        Age, sex and view are not in the release: NaN and "".
        """
        released = {part: np.asarray(self._array(f"{part}_labels")) for part in PARTS}
        rows = [(part, f"{i:05d}") for part in PARTS for i in range(len(released[part]))]
        frame = {
            "image": [f"{part}/{number}" for part, number in rows],
            "patient": [f"{part}-{number}" for part, number in rows],
            "split": [part for part, _ in rows],
            **self._columns(np.concatenate(list(released.values()))),
            "age": np.nan,
            "sex": "",
            "view": "",
        }
        text = ["image", "patient", "split", "sex", "view"]
        return pd.DataFrame(frame).astype(dict.fromkeys(text, "str"))

    def _columns(self, released: np.ndarray) -> dict[str, np.ndarray]:
        """Label columns, float64, of the released numbers (N, 1) or multi-hot rows (N, 14)."""
        if self.facts.task is Task.MULTICLASS:
            return tables.one_hot(
                np.array(self.labels)[released[:, 0]].tolist(), self.labels, self.targets
            )
        hot = (released == self.facts.positive).astype("float64")
        return {label: hot[:, i] for i, label in enumerate(self.labels)}

    def file(self, image: str) -> Path:
        """The npz file, which holds all images."""
        return self.root / self._file()

    def read(self, image: str) -> np.ndarray:
        """Grey (size_px, size_px) or RGB (size_px, size_px, 3) uint8."""
        part, _, number = image.partition("/")
        if part not in PARTS or not number.isdecimal():
            raise MedsmallError(f"{self.name} has no image '{image}'.")
        stored = self._array(f"{part}_images")
        if int(number) >= len(stored):
            raise MedsmallError(f"{self.name} has no image '{image}'.")
        return np.array(stored[int(number)])

    def _file(self) -> str:
        return f"{self.flag}.npz" if self.size_px == 28 else f"{self.flag}_{self.size_px}.npz"

    def _array(self, key: str) -> np.ndarray | medmnist_file.OnDisk:
        """One array of the npz file, unpacked by the first thread that asks and kept."""
        with self._lock:
            if key not in self._arrays:
                self._arrays[key] = self._load(key)
            return self._arrays[key]

    def _load(self, key: str) -> np.ndarray | medmnist_file.OnDisk:
        path = self.root / self._file()
        if not path.is_file():
            self._fetch()
        try:
            stored = medmnist_file.read(path, key)
        except _DAMAGED:
            raise MedsmallError(
                f"{path.absolute()} is damaged or holds no readable '{key}': delete it and get it "
                f"again from {self.url}."
            ) from None
        if key.endswith("_images"):
            colour = (3,) if self.facts.channels == 3 else ()
            wanted, fits = "uint8 images", stored.dtype == np.uint8
            shape: tuple[int, ...] = (self.size_px, self.size_px, *colour)
        else:
            columns = len(self.labels) if self.facts.task is Task.MULTILABEL else 1
            top = len(self.labels) - 1 if self.facts.task is Task.MULTICLASS else 1
            wanted, shape = f"labels from 0 to {top}", (columns,)
            fits = isinstance(stored, np.ndarray) and _are_from_0_to(top, stored)
        if not fits or stored.shape[1:] != shape:
            raise MedsmallError(
                f"{path.absolute()}: '{key}' must hold {wanted} of shape (N, "
                f"{', '.join(map(str, shape))}), but is {stored.dtype} {stored.shape}: get it "
                f"again from {self.url}."
            )
        if key.endswith("_images") and len(stored) != len(self._load(f"{key[:-7]}_labels")):
            raise MedsmallError(
                f"{path.absolute()} has not as many labels as images in {key[:-7]}: get it again "
                f"from {self.url}."
            )
        return stored

    def _fetch(self) -> None:
        """Download by way of a temporary folder: a broken download must not look like a file."""
        if not self.download:
            raise tables.not_here(self, self._file())
        created = not self.root.exists()
        self.root.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=".download-", dir=self.root))
        try:
            import medmnist  # imports torch, so only here

            package = getattr(medmnist, self.facts.title)
            package("train", root=str(half), size=self.size_px, download=True)
            (half / self._file()).replace(self.root / self._file())
        except Exception as error:  # the package lets out whatever went wrong on the way
            shutil.rmtree(half)
            if created:
                self.root.rmdir()
            raise tables.not_here(
                self, f"{self._file()}, and it could not be downloaded"
            ) from error
        shutil.rmtree(half)

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write the file of this flag and size: 80 % train, 9 % val, 11 % test.

        Classes are equally frequent in each part (pneumonia: 7 in 10, each finding of chestmnist:
        about 1 in 8). As in the release, a few val images of pneumoniamnist (here two) stand in
        train too.
        """
        from medsmall.phantom import medmnist

        root.mkdir(parents=True, exist_ok=True)
        bounds = 0, round(0.8 * patients), round(0.89 * patients), patients
        colour = (3,) if self.facts.channels == 3 else ()
        arrays: dict[str, Any] = {}
        for part, start, stop in zip(PARTS, bounds, bounds[1:], strict=False):
            labels = self._phantom_labels(stop - start, np.random.default_rng([seed, 1, start, 1]))
            images = np.zeros((stop - start, self.size_px, self.size_px, *colour), dtype=np.uint8)
            for i, released in enumerate(labels):
                rng = np.random.default_rng([seed, 1, start + i])
                images[i] = medmnist.image(self.flag, released, self.size_px, rng)
            arrays |= {f"{part}_images": images, f"{part}_labels": labels}
        if self.flag == "pneumoniamnist":
            for key in ("images", "labels"):
                both = min(2, len(arrays[f"val_{key}"]))
                arrays[f"val_{key}"][:both] = arrays[f"train_{key}"][:both]
        np.savez_compressed(root / self._file(), **arrays)

    def _phantom_labels(self, images: int, rng: np.random.Generator) -> np.ndarray:
        """uint8 (images, 1) or (images, 14) as the release has them."""
        if self.facts.task is Task.MULTILABEL:
            hot = rng.random((images, len(self.labels))) < 0.12
            some = np.arange(min(images, len(self.labels)))
            hot[some, some] = True  # no finding is absent, however few the images
            return hot.astype(np.uint8)
        deck = np.arange(len(self.labels))
        if self.facts.task is Task.BINARY:
            deck = np.repeat([0, 1], [3, 7])
        return rng.permutation(np.resize(rng.permutation(deck), images))[:, None].astype(np.uint8)


def _are_from_0_to(top: int, numbers: np.ndarray) -> bool:
    return numbers.dtype.kind in "ui" and bool(((numbers >= 0) & (numbers <= top)).all())
