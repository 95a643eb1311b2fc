"""What a data set of somebody's own seems to be: the arguments of Table or Folder, with reasons."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from medsmall.dataset.files import present_only
from medsmall.dataset.folder import Folder
from medsmall.dataset.own import roles, spreadsheet
from medsmall.dataset.own.class_folders import files_below, find_images, is_image
from medsmall.dataset.own.column import Column
from medsmall.dataset.table import Table
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.task import Task

LOOKED_AT = 12  # images opened to see whether they are grey
# Usual ways to write the patient in a file name, the more telling ones first.
PATIENT_NAMES = (
    r"(?i)((?:patient|person|subject|participant)[-_ ]?\d+)", r"^(sub-\w+?)_", r"^([Pp]\d+)[-_]",
    r"(?i)^((?:case|pat|id)[-_ ]?\d+)", r"^(\d{2,})[-_]",
)  # fmt: skip


@dataclass
class Inferred:
    """A data set with the reason for each argument that is not its default.

    `kind` is Table or Folder, `settings` are its arguments, `warnings` what its owner must know.
    """

    kind: type[Table] | type[Folder]
    settings: dict[str, Any]
    reasons: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def set(self, argument: str, value: object, reason: str) -> None:
        """Give an argument with its reason."""
        self.settings[argument] = value
        self.reasons[argument] = reason
        self.__dict__.pop("data", None)

    @cached_property
    def data(self) -> Table | Folder:
        """The data set with the settings so far."""
        return self.kind(**self.settings)

    def rows(self) -> pd.DataFrame:
        """Its sample table, of the images that are there."""
        return present_only(self.data, self.data.table())


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
    cells = spreadsheet.read(path)
    found = Inferred(Table, {"root": "", "file": path.name, "name": name})
    _find_images(found, path, cells)
    free = {c: Column(path, cells[c]) for c in cells.columns if c != found.settings["image"]}
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
    if named is not None:
        found.set("label", named.name, "as you said")
    else:
        guessed, targets, reason = roles.labels(free, path)
        found.set("label" if guessed else "targets", guessed or targets, reason)
    if task is not None:
        found.set("task", task, "as you said")
    _find_task(found)
    _find_grey(found)
    return found


def infer_folder(path: Path, name: str) -> Inferred:
    """Class folders, and an expression that finds patients in the file names."""
    root = str(path.absolute())
    found = Inferred(Folder, {"root": root, "name": name}, {"root": "holds the class folders"})
    names = [one.image.rpartition("/")[2] for one in find_images(path, name)]
    for pattern in PATIENT_NAMES:
        matches = pd.Series(names).str.extract(pattern, expand=False)
        count, patients = int(matches.notna().sum()), matches.nunique()
        if count >= len(names) / 4 and max(2, count / 10) <= patients < count:
            example = names[int(matches.notna().to_numpy().argmax())]
            reason = (
                f"{patients:,} patients in {count:,} of {len(names):,} file names, such as "
                f"{matches.dropna().iloc[0]} in {example}"
            )
            found.set("patient", pattern, reason)
            break
    data = found.data
    if data.task is Task.BINARY:
        found.set("positive", data.targets[0], "of the two classes; the other is the negative")
    _find_grey(found)
    return found


def _find_images(found: Inferred, path: Path, cells: pd.DataFrame) -> None:
    """The column of which most values are files near the table, and what completes them."""
    base = path.absolute().parent
    files = [file.relative_to(base) for file in files_below(base) if file != path.absolute()]
    best = (0, "", "", "")
    scattered = 0
    for column in cells.columns:
        values = {value.replace("\\", "/") for value in cells[column]} - {""}
        whole = sum(file.as_posix() in values for file in files)
        full = sum((base / file).as_posix() in values for file in files)
        named = Counter((file.parent.as_posix(), "") for file in files if file.name in values)
        stems = Counter(
            (file.parent.as_posix(), file.suffix)
            for file in files
            if file.stem in values and file.suffix and is_image(base / file)
        )
        options = [(whole, "", ""), (full, "", "")]
        for counts in (named, stems):
            options += [(count, folder, suffix) for (folder, suffix), count in counts.items()]
        count, folder, suffix = max(options, key=lambda option: option[0])
        if count > best[0]:
            best = count, str(column), folder, suffix
            scattered = max(sum(named.values()), sum(stems.values())) - count
    count, column, folder, suffix = best
    if not count:
        raise MedsmallError(
            f"{path.absolute()} has no column that names files below {base} (its first row: "
            f"{', '.join(cells.iloc[0].astype(str))}): put the table into the folder above the "
            "images, or correct the names."
        )
    found.set("root", str(base), "the folder of the table")
    said = (f"{cell.replace(chr(92), '/')}{suffix}" for cell in cells[column])
    example = next((name for name in said if (base / folder / name).is_file()), "")
    found.set("image", column, f"{count:,} of its {len(cells):,} files are there, as {example}")
    if folder not in ("", "."):
        found.set("folder", folder, "holds these files")
    if suffix:
        found.set("suffix", suffix, "is what the values lack")
    if scattered > 0:
        found.warnings.append(
            f"{scattered:,} more of the images lie in other folders than {folder or '.'}: write "
            f"the folder into the column '{column}', such as {folder}/{example}."
        )
    rest = len(cells) - count
    if rest:
        found.set("missing_images", "drop", f"{rest:,} of {len(cells):,} images are not there")
        found.warnings.append(f"{rest:,} of the {len(cells):,} images listed are not there.")


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


def _find_grey(found: Inferred) -> None:
    """Read some images: grey ones saved in colour are read as grey; says what else is wrong."""
    data = found.data
    there = found.rows()["image"]
    pixels: list[np.ndarray] = []
    for i in np.unique(np.linspace(0, len(there) - 1, LOOKED_AT).astype(int)):
        try:
            pixels.append(data.files.read(there.iloc[i]))
        except MedsmallError as error:
            found.warnings.append(str(error))
    colour = [image for image in pixels if image.ndim == 3]
    if colour and all((image == image[..., :1]).all() for image in colour):
        found.set("grey", True, "the images looked at are grey, some saved in colour")


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
