"""PneumoniaMNIST: 5,856 paediatric chest films, pneumonia or normal, as small grey squares."""

import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from medsmall.dataset import tables
from medsmall.errors import MedsmallError

LABELS = ["pneumonia"]
SIZES = (28, 64, 128, 224)
PARTS = ("train", "val", "test")


class PneumoniaMNIST:
    """The release of MedMNIST: one file `pneumoniamnist[_64|_128|_224].npz`.

    Args:
        root: the folder of the npz file.
        targets: only "pneumonia" is there.
        size_px: edge of the square images, 28, 64, 128 or 224; each is a file of its own.
        download: get an absent file with the medmnist package (28 px: 4 MB, 224 px: 200 MB).
        missing_images: without effect, one file holds all images.
        phantom_patients: number of patients (= images) of the generated stand-in.

    The release has no patient information: every image counts as its own patient. The original
    films have several images of some patients, so a score here may be flattered.
    """

    name = "pneumoniamnist"
    modality = "chest x-ray"
    exclusive = False
    unit = "image"
    labels = LABELS
    citation = (
        "Yang et al., MedMNIST v2: a large-scale lightweight benchmark for 2D and 3D biomedical "
        "image classification, Scientific Data 2023; films of Kermany et al., Cell 2018"
    )
    licence = "CC BY 4.0"
    url = "https://zenodo.org/records/10519652"

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        size_px: Literal[28, 64, 128, 224] = 28,
        download: bool = True,
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 600,
    ) -> None:
        self.root = Path(root).expanduser()
        self.targets = tables.chosen(targets, LABELS, self)
        if size_px not in SIZES:
            raise MedsmallError(f"dataset.size_px cannot be {size_px}, only 28, 64, 128 or 224.")
        self.size_px = size_px
        self.download = download
        tables.one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing_images = missing_images
        self.phantom_patients = phantom_patients
        self._arrays: dict[str, np.ndarray] = {}

    def table(self) -> pd.DataFrame:
        """One row per image in the order train, val, test; `image` is like `train/00012`.

        Age, sex and view are not in the release: NaN and "".
        """
        labels = {part: self._array(f"{part}_labels").ravel() for part in PARTS}
        rows = [(part, f"{i:05d}") for part in PARTS for i in range(len(labels[part]))]
        frame = {
            "image": [f"{part}/{number}" for part, number in rows],
            "patient": [f"{part}-{number}" for part, number in rows],
            "split": [part for part, _ in rows],
            "pneumonia": np.concatenate(list(labels.values())).astype("float64"),
            "age": np.nan,
            "sex": "",
            "view": "",
        }
        return pd.DataFrame(frame)

    def absent(self, table: pd.DataFrame) -> pd.Series:
        """False throughout: one file holds all images."""
        return pd.Series(False, index=table.index, dtype=bool)

    def read(self, image: str) -> np.ndarray:
        """Grey (size_px, size_px) uint8."""
        part, _, number = image.partition("/")
        try:
            return self._array(f"{part}_images")[int(number)].copy()
        except (ValueError, IndexError):
            raise MedsmallError(f"{self.name} has no image '{image}'.") from None

    def _file(self) -> str:
        return "pneumoniamnist.npz" if self.size_px == 28 else f"pneumoniamnist_{self.size_px}.npz"

    def _array(self, key: str) -> np.ndarray:
        """One array of the npz file, read on first use and kept."""
        if key not in self._arrays:
            path = self.root / self._file()
            if not path.is_file():
                self._fetch()
            try:
                with np.load(path) as arrays:
                    self._arrays[key] = arrays[key]
            except (
                OSError,
                ValueError,
                KeyError,
                EOFError,
                TypeError,
                zipfile.BadZipFile,
                zlib.error,
            ):
                raise MedsmallError(
                    f"{path.absolute()} is damaged or holds no readable '{key}': delete it "
                    f"and get it again from {self.url}."
                ) from None
            images = self._arrays[key].ndim >= 3
            if key.endswith("_images") and not (images and self._arrays[key].dtype == np.uint8):
                raise MedsmallError(
                    f"{path.absolute()}: '{key}' must hold uint8 images (N, H, W), but is "
                    f"{self._arrays[key].dtype} {self._arrays[key].shape}: get it from {self.url}."
                )
        return self._arrays[key]

    def _fetch(self) -> None:
        """Download by way of a temporary folder: a broken download must not look like a file."""
        if not self.download:
            raise tables.not_here(self, self._file())
        created = not self.root.exists()
        self.root.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=".download-", dir=self.root))
        try:
            import medmnist  # imports torch, so only here

            medmnist.PneumoniaMNIST("train", root=str(half), size=self.size_px, download=True)
            (half / self._file()).replace(self.root / self._file())
        except Exception as error:  # the package lets out whatever went wrong on the way
            shutil.rmtree(half)
            if created:
                self.root.rmdir()
            raise tables.not_here(
                self, f"{self._file()}, and it could not be downloaded"
            ) from error
        shutil.rmtree(half)

    @staticmethod
    def write_phantom(root: Path, patients: int, seed: int) -> None:
        """Write generated films at all four sizes: 80 % train, 9 % val, 11 % test.

        As in the release, a few images of val (here two) stand in train too.
        """
        import cv2

        from medsmall.dataset import phantom_chest

        root.mkdir(parents=True, exist_ok=True)
        films, labels = [], np.zeros((patients, 1), dtype=np.uint8)
        for patient in range(patients):
            rng = np.random.default_rng([seed, 1, patient])
            labels[patient] = rng.random() < 0.7
            seen = ["Pneumonia"] if labels[patient] else []
            pixels, _ = phantom_chest.chest(phantom_chest.build(rng), seen, rng, seed + patient)
            films.append(pixels)
        bounds = 0, round(0.8 * patients), round(0.89 * patients), patients
        for size in SIZES:
            way = cv2.INTER_AREA if size < 128 else cv2.INTER_LINEAR
            scaled = np.stack([cv2.resize(film, (size, size), interpolation=way) for film in films])
            arrays: dict[str, Any] = {}
            for part, start, stop in zip(PARTS, bounds, bounds[1:], strict=False):
                arrays[f"{part}_images"] = scaled[start:stop].copy()
                arrays[f"{part}_labels"] = labels[start:stop].copy()
            for key in ("images", "labels"):
                arrays[f"val_{key}"][:2] = arrays[f"train_{key}"][: len(arrays[f"val_{key}"][:2])]
            name = "pneumoniamnist.npz" if size == 28 else f"pneumoniamnist_{size}.npz"
            np.savez_compressed(root / name, **arrays)
