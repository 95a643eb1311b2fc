"""Opens the data set of a config, or its phantom, which is written once for all runs."""

import hashlib
import inspect
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

import medsmall.dataset.phantoms
import medsmall.phantom
from medsmall.atomic import write_whole
from medsmall.contract import build
from medsmall.dataset import Dataset
from medsmall.dataset.files import present_only
from medsmall.dataset.patients import alike
from medsmall.errors import MedsmallError
from medsmall.lock import held
from medsmall.task import Task
from medsmall.terminal import say_once

if TYPE_CHECKING:
    import pandas as pd

PHANTOM_SEED = 0


def open_dataset(cfg: DictConfig) -> Dataset:
    """The data set at its root, or its phantom, generated now if missing."""
    dataset: Dataset = build(cfg.dataset)
    if not cfg.phantom:
        return dataset
    root = phantom_root(dataset, cfg.output_root)
    return build(cfg.dataset, root=str(root))


def open_table(cfg: DictConfig) -> "tuple[Dataset, pd.DataFrame]":
    """The data set and the rows of its sample table whose image exists.

    A notice lists patient names that may stand for one patient.
    """
    dataset = open_dataset(cfg)
    table = present_only(dataset, dataset.table())
    doubt = alike(table["patient"][table["patient"] != table["image"]])
    if doubt:
        say_once(f"{dataset.name}: {doubt}")
    if not isinstance(dataset.task, Task):  # text compares equal, but is not a Task
        raise TypeError(f"{dataset.name}.task must be a Task, such as Task.BINARY.")
    return dataset, table


def phantom_root(dataset: Dataset, output_root: str) -> Path:
    """The folder with the generated patients of `dataset`, written now if missing.

    Written to a temporary folder that is renamed when complete; processes that start together write
    it once. The name holds a hash of the code that drew it: other code, other films.
    """
    patients = dataset.phantom_patients
    if patients < 10:
        raise MedsmallError(f"dataset.phantom_patients must be at least 10, but is {patients}.")
    root = phantom_folder(dataset, output_root)
    folder = root.parent
    listing = folder / f".{root.name}.json"
    if root.is_dir():
        _check_whole(root, listing)
        return root
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / f".{root.name}.lock", f"The phantom {root.name}"):
        if not root.is_dir():
            unfinished = folder / f".{root.name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            try:
                dataset.write_phantom(unfinished, patients, PHANTOM_SEED)
                written = json.dumps(_sizes(unfinished))
                write_whole(listing, lambda file: file.write_text(written, encoding="utf-8"))
                os.replace(unfinished, root)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return root


def phantom_folder(dataset: Dataset, output_root: str) -> Path:
    """The folder of the phantom of `dataset`, existing or not."""
    folder = Path(output_root).expanduser().absolute() / "phantoms"
    drawn_by = hashlib.sha256(b"".join(_drawing_code(dataset))).hexdigest()[:8]
    kind = "-".join(filter(None, [dataset.name, dataset.variant]))
    return folder / f"{kind}-{dataset.phantom_patients}-{drawn_by}"


def _sizes(root: Path) -> dict[str, int]:
    """Size in bytes of each file inside `root`, by its path there."""
    files = sorted(file for file in root.rglob("*") if file.is_file())
    return {file.relative_to(root).as_posix(): file.stat().st_size for file in files}


def _check_whole(root: Path, listing: Path) -> None:
    """MedsmallError if a file of a phantom is missing or has changed its size."""
    try:
        written = json.loads(listing.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # from an earlier medsmall, or damaged
        return
    if not isinstance(written, dict):
        return
    now = _sizes(root)
    wrong = [name for name, size in written.items() if now.get(name) != size]
    if wrong:
        raise MedsmallError(
            f"The phantom {root} is damaged: {len(wrong):,} of its files are missing or changed, "
            f"such as {wrong[0]}. Delete the folder, and it is generated again."
        )


def _drawing_code(dataset: Dataset) -> Iterator[bytes]:
    """The source of what decides a phantom's bytes: its class, the writers and the drawings."""
    yield Path(inspect.getfile(type(dataset))).read_bytes()
    for package in (medsmall.dataset.phantoms, medsmall.phantom):
        for file in sorted(Path(inspect.getfile(package)).parent.glob("*.py")):
            yield file.read_bytes()
