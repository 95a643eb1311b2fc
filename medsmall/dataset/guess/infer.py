"""Finds out whether the user's data are a table or class folders, and how to read them."""

import re
import unicodedata
from pathlib import Path

import pandas as pd

from medsmall.dataset.folder import Folder
from medsmall.dataset.guess import file_names, image_column, patient_column, pixels, roles
from medsmall.dataset.guess.inferred import Inferred
from medsmall.dataset.guess.said import AS_SAID, NONE, NOTHING, Said
from medsmall.dataset.own import listed, spellings, spreadsheet
from medsmall.dataset.own.class_folders import find_images, in_class_folders
from medsmall.dataset.own.column import Column
from medsmall.dataset.own.table_file import TableFile
from medsmall.dataset.table import Table
from medsmall.errors import MedsmallError
from medsmall.task import Task


def infer(path: Path, name: str, said: Said = NOTHING) -> Inferred:
    """Look at a table, a folder with one table, or class folders; MedsmallError if it is none.

    Reads the table, lists the folder, and opens a few images. Options in `said` are not guessed.
    """
    if not path.exists():
        raise MedsmallError(f"There is no {path.absolute()}: name a table or a folder of images.")
    if path.is_file():
        return infer_table(path, name, said)
    beside = [file for file in sorted(path.iterdir()) if file.name.endswith(spreadsheet.SUFFIXES)]
    beside = [file for file in beside if file.suffix != ".txt" and not file.name.startswith(".")]
    try:
        if len(beside) == 1:
            return infer_table(beside[0], name, said)
        return infer_folder(path, name, said)
    except MedsmallError as of_first:
        if len(beside) > 1:
            names = ", ".join(file.name for file in beside)
            raise MedsmallError(
                f"{path.absolute()} holds {names}, and no class folders: give the path of one "
                "table."
            ) from None
        if not beside:
            raise
        try:
            return infer_folder(path, name, said)
        except MedsmallError:
            raise of_first from None


def infer_table(path: Path, name: str, said: Said = NOTHING) -> Inferred:
    """The columns of a table by what they hold, then by their names."""
    file = TableFile(name, path.parent, path.name)
    found = Inferred(Table, {"root": "", "file": path.name, "name": name}, read=file)
    image_column.find(found, path, file.cells)
    free = {c: file.column(c) for c in file.cells.columns if c != found.settings["image"]}
    said.check(path, free)
    _find_roles(found, free, said)
    if said.label is not None:
        found.set("label", said.label, AS_SAID)
    else:
        guessed, targets, reason = roles.labels(free, path)
        found.set("label" if guessed else "targets", guessed or targets, reason)
    if said.task is not None:
        found.set("task", said.task, AS_SAID)
    if said.merge and "label" in found.settings:
        merge = spellings.proposed(file.column(found.settings["label"]).spelt())
        _find_merge(found, merge)
    if not {"patient", "patient_pattern"} & found.settings.keys():
        names, settings = file.column(found.settings["image"]), found.settings
        folder, suffix = settings.get("folder", ""), settings.get("suffix", "")
        images = listed.image_paths(names, path.parent, folder, suffix)
        file_names.propose(found, "patient_pattern", images.tolist())
    _find_task(found)
    pixels.find_range(found)
    pixels.find_grey(found)
    return found


def _find_roles(found: Inferred, free: dict[str, Column], said: Said) -> None:
    """Set the columns of patients and the like, and take them and the label out of `free`."""
    for column in [said.label, *said.columns.values()]:
        free.pop(str(column), None)
    for role, column in said.columns.items():
        found.set(role, None if column == NONE else column, AS_SAID)
    for role, choose in roles.ROLES.items():
        if role in said.columns or (role == "patient" and said.id_pattern):
            continue
        chosen = choose(free)
        if chosen:
            column, reason = chosen
            found.set(role, column, reason)
            del free[column]
    if said.id_pattern:
        found.set("patient_pattern", said.id_pattern, AS_SAID)
    elif "patient" not in found.settings:
        found.warnings += filter(None, [patient_column.not_told_apart(free)])


def _find_merge(found: Inferred, merge: dict[str, str]) -> None:
    if merge:
        found.set("merge", merge, "they differ by case, blanks or accents alone")
        pairs = ", ".join(f"'{spelling}' as '{name}'" for spelling, name in merge.items())
        found.warnings.append(
            f"{len(merge)} spellings of a class are read as another: {pairs}. Correct merge in the "
            "YAML where a class is meant."
        )


def infer_folder(path: Path, name: str, said: Said = NOTHING) -> Inferred:
    """Class folders, and an expression that finds patients in the file names."""
    said.refuse_columns(path)
    root = str(path.absolute())
    found = Inferred(Folder, {"root": root, "name": name}, {"root": "holds the class folders"})
    if said.merge:
        kinds = [one.kind for one in in_class_folders(path, {})[0]]
        _find_merge(found, spellings.proposed(pd.Series(kinds, dtype="str")))
    images = [one.image for one in find_images(path, name, found.settings.get("merge"))]
    if said.id_pattern or "patient" in said.columns:
        found.set("patient", said.id_pattern, AS_SAID)
    else:
        file_names.propose(found, "patient", images)
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

    The name of the file or folder; for a general name, such as `images.csv`, that of its folder.
    """
    path = path.absolute()
    plain = {"images", "labels", "data", "train", "metadata", "table", "annotations", "index"}
    stem = path.name.partition(".")[0]
    telling = path.parent.name if path.is_file() and stem.lower() in plain else stem
    plain_letters = unicodedata.normalize("NFKD", telling).encode("ascii", "ignore").decode()
    return re.sub(r"\W+", "_", plain_letters).strip("_").lower() or "own"
