"""Phantom data on disk, generated once and shared by every run."""

import hashlib
import inspect
import os
import shutil
from pathlib import Path

from filelock import FileLock

from medsmall.dataset import Dataset
from medsmall.errors import MedsmallError

SEED = 0


def phantom_root(dataset: Dataset, output_root: str, patients: int) -> Path:
    """The folder with `patients` generated patients of `dataset`, written now if it is not there.

    Written to a temporary folder that takes its name when it is whole; processes that start
    together write it once. The name tells the code that drew it: other code, other films.
    """
    if patients < 10:
        raise MedsmallError(f"dataset.phantom_patients must be at least 10, but is {patients}.")
    folder = Path(output_root).expanduser().absolute() / "phantoms"
    here = Path(__file__).parent
    code = [Path(inspect.getfile(type(dataset))), *sorted(here.glob("*.py"))]
    drawn_by = hashlib.sha256(b"".join(file.read_bytes() for file in code)).hexdigest()[:8]
    kind = "-".join(filter(None, [dataset.name, dataset.variant]))
    root = folder / f"{kind}-{patients}-{drawn_by}"
    if root.is_dir():
        return root
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f".{root.name}.lock"):
        if not root.is_dir():
            unfinished = folder / f".{root.name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            try:
                dataset.write_phantom(unfinished, patients, SEED)
                os.replace(unfinished, root)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return root
