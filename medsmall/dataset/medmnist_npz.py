"""The npz file of one MedMNIST data set: fetched where it is absent, checked and read."""

import os
import shutil
import tempfile
import threading
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np

from medsmall.dataset import npz
from medsmall.dataset.arguments import one_of
from medsmall.dataset.files import not_here
from medsmall.dataset.medmnist_flags import FLAGS
from medsmall.dataset.remedies import remedy
from medsmall.errors import MedsmallError
from medsmall.task import Task

PARTS = ("train", "val", "test")
URL = "https://zenodo.org/records/10519652"
_DAMAGED = (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error)


class NpzFile:
    """The file `<flag>[_64|_128|_224].npz` below `root`, which holds all images and labels.

    `missing_images` is without effect; `download` gets an absent file with the medmnist package.
    """

    def __init__(
        self,
        root: str,
        missing_images: Literal["error", "drop"],
        flag: str,
        size_px: int,
        download: bool,
    ) -> None:
        self.root = Path(os.path.expanduser(root))
        one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing: Literal["error", "drop"] = missing_images
        self.flag, self.size_px, self.download = flag, size_px, download
        self.reading = str(size_px)
        self.path = self.root / (f"{flag}.npz" if size_px == 28 else f"{flag}_{size_px}.npz")
        self._arrays: dict[str, np.ndarray | npz.OnDisk] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """Without the arrays: another process reads those it needs itself."""
        return {**self.__dict__, "_arrays": {}, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """With a lock of this process."""
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def file(self, image: str) -> Path:
        """The npz file, whatever the image."""
        return self.path

    def read(self, image: str) -> np.ndarray:
        """The image `train/00012`: grey (size_px, size_px) or RGB (size_px, size_px, 3) uint8."""
        part, _, number = image.partition("/")
        if part not in PARTS or not number.isdecimal():
            raise MedsmallError(f"{self.flag} has no image '{image}'.")
        stored = self._array(f"{part}_images")
        if int(number) >= len(stored):
            raise MedsmallError(f"{self.flag} has no image '{image}'.")
        return np.array(stored[int(number)])

    def labels(self, part: str) -> np.ndarray:
        """The released labels of a part: whole numbers (N, 1), or multi-hot rows (N, 14)."""
        return np.asarray(self._array(f"{part}_labels"))

    def _array(self, key: str) -> np.ndarray | npz.OnDisk:
        """One array of the file, unpacked by the first thread that asks and kept."""
        with self._lock:
            if key not in self._arrays:
                self._arrays[key] = self._load(key)
            return self._arrays[key]

    def _load(self, key: str) -> np.ndarray | npz.OnDisk:
        if not self.path.is_file():
            self._fetch()
        try:
            stored = npz.read(self.path, key)
        except _DAMAGED:
            raise MedsmallError(
                f"{self.path.absolute()} is damaged or holds no readable '{key}': "
                f"{remedy(self.path, f'delete it and get it again from {URL}')}."
            ) from None
        self._check(key, stored)
        if key.endswith("_images") and len(stored) != len(self._load(f"{key[:-7]}_labels")):
            raise MedsmallError(
                f"{self.path.absolute()} has different numbers of labels and images in {key[:-7]}: "
                f"{remedy(self.path, f'get it again from {URL}')}."
            )
        return stored

    def _check(self, key: str, stored: np.ndarray | npz.OnDisk) -> None:
        """MedsmallError where an array is not of the type, range and shape of the release."""
        facts = FLAGS[self.flag]
        if key.endswith("_images"):
            colour = (3,) if facts.channels == 3 else ()
            wanted, fits = "uint8 images", stored.dtype == np.uint8
            shape: tuple[int, ...] = (self.size_px, self.size_px, *colour)
        else:
            columns = len(facts.labels) if facts.task is Task.MULTILABEL else 1
            top = len(facts.labels) - 1 if facts.task is Task.MULTICLASS else 1
            wanted, shape = f"labels from 0 to {top}", (columns,)
            fits = isinstance(stored, np.ndarray) and _are_from_0_to(top, stored)
        if not fits or stored.shape[1:] != shape:
            raise MedsmallError(
                f"{self.path.absolute()}: '{key}' must hold {wanted} of shape (N, "
                f"{', '.join(map(str, shape))}), but is {stored.dtype} {stored.shape}: "
                f"{remedy(self.path, f'get it again from {URL}')}."
            )

    def _fetch(self) -> None:
        """Download to a temporary folder: a broken download must not look like a file."""
        name = self.path.name
        if not self.download:
            raise not_here(self.flag, self.root, name, URL)
        created = not self.root.exists()
        self.root.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=".download-", dir=self.root))
        try:
            import medmnist  # imports torch, so only here

            package = getattr(medmnist, FLAGS[self.flag].title)
            package("train", root=str(half), size=self.size_px, download=True)
            (half / name).replace(self.path)
        except Exception as error:  # the package raises whatever error occurs
            shutil.rmtree(half)
            if created:
                self.root.rmdir()
            failed = f"{name}, and it could not be downloaded"
            raise not_here(self.flag, self.root, failed, URL) from error
        shutil.rmtree(half)


def _are_from_0_to(top: int, numbers: np.ndarray) -> bool:
    return numbers.dtype.kind in "ui" and bool(((numbers >= 0) & (numbers <= top)).all())
