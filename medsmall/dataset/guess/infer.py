"""What a data set of somebody's own seems to be: a table or class folders, and how to read it."""

import re
import unicodedata
from pathlib import Path

from medsmall.dataset.folder import Folder
from medsmall.dataset.guess import file_names, image_column, pixels, roles
from medsmall.dataset.guess.inferred import Inferred
from medsmall.dataset.own import listed, spreadsheet
from medsmall.dataset.own.class_folders import find_images
from medsmall.dataset.own.table_file import TableFile
from medsmall.dataset.table import Table
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.task import Task


def infer(path: Path, name: str, label: str | None = None, task: str | None = None) -> Inferred:
    """Look at a table, a folder with one table, or class folders; MedsmallError if it is none.

    Reads the table, lists the folder, and opens a few of the images. `label` (a column of the
    table) and `task` are as their owner says, where they do.
    """
    if not path.exists():
        raise MedsmallError(f"There is no {path.absolute()}: name a table or a folder of images.")
    if path.is_file():
        return infer_table(path, name, label, task)
    beside = [file for file in sorted(path.iterdir()) if file.name.endswith(spreadsheet.SUFFIXES)]
    beside = [file for file in beside if file.suffix != ".txt" and not file.name.startswith(".")]
    try:
        if len(beside) == 1:
            return infer_table(beside[0], name, label, task)
        return infer_folder(path, name)
    except MedsmallError as of_first:
        if len(beside) > 1:
            names = ", ".join(file.name for file in beside)
            raise MedsmallError(
                f"{path.absolute()} holds {names}, and no class folders: name the table that is "
                "meant."
            ) from None
        if not beside:
            raise
        try:
            return infer_folder(path, name)
        except MedsmallError:
            raise of_first from None


def infer_table(
    path: Path, name: str, label: str | None = None, task: str | None = None
) -> Inferred:
    """The columns of a table by what they hold, then by their names."""
    file = TableFile(name, path.parent, path.name)
    found = Inferred(Table, {"root": "", "file": path.name, "name": name}, read=file)
    image_column.find(found, path, file.cells)
    free = {c: file.column(c) for c in file.cells.columns if c != found.settings["image"]}
    if label is not None and label not in free:
        raise MedsmallError(
            f"{path.absolute()} has no column '{label}' for --label{did_you_mean(label, free)}."
        )
    named = free.pop(label) if label is not None else None
    for role, choose in roles.ROLES.items():
        chosen = choose(free)
        if chosen:
            column, reason = chosen
            found.set(role, column, reason)
            del free[column]
    if "patient" not in found.settings:
        found.warnings += filter(None, [roles.not_told_apart(free)])
    if named is not None:
        found.set("label", named.name, "as you said")
    else:
        guessed, targets, reason = roles.labels(free, path)
        found.set("label" if guessed else "targets", guessed or targets, reason)
    if task is not None:
        found.set("task", task, "as you said")
    if "patient" not in found.settings:
        names, said = file.column(found.settings["image"]), found.settings
        folder, suffix = said.get("folder", ""), said.get("suffix", "")
        images = listed.image_paths(names, path.parent, folder, suffix)
        file_names.propose(found, "patient_pattern", images.tolist())
    _find_task(found)
    pixels.find_range(found)
    pixels.find_grey(found)
    return found


def infer_folder(path: Path, name: str) -> Inferred:
    """Class folders, and an expression that finds patients in the file names."""
    root = str(path.absolute())
    found = Inferred(Folder, {"root": root, "name": name}, {"root": "holds the class folders"})
    file_names.propose(found, "patient", [one.image for one in find_images(path, name)])
    data = found.data
    if data.task is Task.BINARY:
        found.set("positive", data.targets[0], "of the two classes; the other is the negative")
    pixels.find_range(found)
    pixels.find_grey(found)
    return found


def _find_task(found: Inferred) -> None:
    data = found.data
    several = f"{len(data.targets)} {'classes' if 'label' in found.settings else 'columns'}"
    reason = {
        Task.BINARY: f"{data.targets[0]}, or not",
        Task.MULTILABEL: f"{several}, any number of them in one image",
        Task.MULTICLASS: f"{several}, one per image: {', '.join(data.targets)}",
        Task.REGRESSION: "numbers to predict",
    }
    found.set("task", str(data.task), reason[data.task])
    label = found.settings.get("label")
    if data.task is Task.BINARY and label not in (None, *data.targets):
        found.set("positive", data.targets[0], "of the two classes; the other is the negative")


def name_of(path: Path) -> str:
    """A name for the data in `path`, in lower case with underscores.

    That of the file or folder; for a table with a plain name, such as `images.csv`, of its folder.
    """
    path = path.absolute()
    plain = {"images", "labels", "data", "train", "metadata", "table", "annotations", "index"}
    stem = path.name.partition(".")[0]
    telling = path.parent.name if path.is_file() and stem.lower() in plain else stem
    plain_letters = unicodedata.normalize("NFKD", telling).encode("ascii", "ignore").decode()
    return re.sub(r"\W+", "_", plain_letters).strip("_").lower() or "own"
