"""Phantom data on disk, generated once and shared by every run."""

import os
import shutil
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from medsmall.dataset import Dataset

SEED = 0


def phantom_root(dataset: type[Dataset], output_root: str, patients: int) -> Path:
    """The folder with `patients` generated patients of `dataset`, written now if it is not there.

    Written to a temporary folder that takes its name when it is whole; processes that start
    together write it once. The version is part of the name: a new one may draw differently.
    """
    folder = Path(output_root).expanduser().absolute() / "phantoms"
    root = folder / f"{dataset.name}-{patients}-{version('medsmall')}"
    if root.is_dir():
        return root
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f".{root.name}.lock"):
        if not root.is_dir():
            unfinished = folder / f".{root.name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            dataset.write_phantom(unfinished, patients, SEED)
            os.replace(unfinished, root)
    return root
