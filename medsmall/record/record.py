"""The record of a run: one directory, whose DONE is written last.

The directories under <output_root>/runs are the ledger. A directory without DONE was left by a
killed run: it is ignored, and the next try empties it first. Only `Record` reads and writes them.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import yaml

from medsmall.atomic import write_whole
from medsmall.errors import MedsmallError
from medsmall.lock import held, is_held
from medsmall.record import checksums
from medsmall.task import Task

T = TypeVar("T")


WRITTEN: dict[str, type | tuple[type, ...]] = {  # what metrics.json must hold, and as what
    "name": str, "task": str, "unit": str, "audit": list, "upstream": (str, NoneType),
    "weights_sha256": str, "val": dict, "test": dict,
}  # fmt: skip
YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast
LARGE = {"model.safetensors", "seen.npz"}
# of the files below; 1 had none, and no fingerprint of the initial weights; 2 no predictions of
# validation, and one-vs-rest accuracies of classes
SCHEMA = 3


class Record:
    """One folder under <output_root>/runs; its run may be finished, unfinished or not started.

    The files of a finished run are properties; each raises MedsmallError if its file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, output_root: str, key: str) -> "Record":
        """The record of the run `key`, which may not exist yet."""
        return cls(Path(output_root).expanduser().absolute() / "runs" / key)

    @classmethod
    def open(cls, folder: Path | str) -> "Record":
        """The record in `folder`; MedsmallError unless it is finished and of a known schema."""
        record = cls(Path(folder).expanduser().absolute())
        if not record.done:
            raise MedsmallError(
                f"{record.folder} holds an unfinished run (no DONE in it): start its command again."
                if record.folder.is_dir()
                else f"There is no record {record.folder}: name the folder of a finished run."
            )
        schema = record.metrics.get("schema", 1)
        if not isinstance(schema, int) or schema > SCHEMA:
            raise MedsmallError(
                f"{record.folder} was recorded by a newer medsmall (schema {schema}, this one "
                f"reads up to {SCHEMA}): update medsmall."
            )
        lacking = [key for key in WRITTEN if key not in record.metrics]
        if schema == SCHEMA and lacking:
            raise record.damaged("metrics.json", f"lacks {', '.join(lacking)}")
        there = record.metrics
        wrong = [key for key, kind in WRITTEN.items() if not isinstance(there.get(key), kind)]
        if schema == SCHEMA and wrong:
            raise record.damaged("metrics.json", f"holds no run's {', '.join(wrong)}")
        return record

    @property
    def key(self) -> str:
        """The key of its run."""
        return self.folder.name

    @property
    def done(self) -> bool:
        """Whether the run was finished."""
        return (self.folder / "DONE").is_file()

    @property
    def metrics(self) -> dict[str, Any]:
        """All metrics, and a description of the run."""

        def read(file: Path) -> dict[str, Any]:
            metrics = dict(json.loads(file.read_text("utf-8")))
            metrics["dataset"]  # a KeyError where it is no record of ours
            return metrics

        return self._read("metrics.json", read)

    @property
    def notices(self) -> list[str]:
        """The notices of the run, one sentence each; [] in older records."""
        return [*self.metrics.get("notices", []), *self.metrics["audit"]]

    @property
    def config(self) -> dict[str, Any]:
        """The resolved config."""

        def read(file: Path) -> dict[str, Any]:
            config = dict(yaml.load(file.read_text("utf-8"), YAML))
            config["dataset"]  # as above
            return config

        return self._read("config.yaml", read)

    @property
    def predictions(self) -> pd.DataFrame:
        """The test images with labels and predictions; exactly the numbers that were written.

        Of classes, ``predicted`` is a name (str), also where names are numbers.
        """
        return self._predicted("predictions.csv")

    @property
    def val_predictions(self) -> pd.DataFrame:
        """The same of validation."""
        return self._predicted("val_predictions.csv")

    def _predicted(self, name: str) -> pd.DataFrame:
        text = ["image", "patient"]
        if self.metrics["task"] == Task.MULTICLASS:
            text.append("predicted")
        return self._read(name, lambda file: _read_csv(file, text))

    @property
    def draw(self) -> pd.DataFrame:
        """`image`, `patient`, `part` (str) and the targets (float64, NaN unknown)."""
        return self._read("draw.csv", lambda file: _read_csv(file, ["image", "patient", "part"]))

    @property
    def history(self) -> pd.DataFrame:
        """One row per epoch; exactly the numbers that were written."""
        return self._read("history.csv", lambda file: _read_csv(file, [], "epoch"))

    @property
    def seen(self) -> dict[str, np.ndarray] | None:
        """Fingerprints of its images, see `medsmall.audit.seen`; None in older records."""
        if not (self.folder / "seen.npz").is_file() and self.metrics.get("schema", 1) == 1:
            return None

        def read(file: Path) -> dict[str, np.ndarray]:
            with np.load(file, allow_pickle=False) as kept:
                return {name: kept[name] for name in kept.files}

        return self._read("seen.npz", read)

    @property
    def model(self) -> Path:
        """The file of the weights."""
        return self.folder / "model.safetensors"

    @property
    def upstream(self) -> "Record | None":
        """The record of its initial weights, which may be deleted; None without one."""
        path = self.metrics.get("upstream")
        return Record((self.folder / path).resolve()) if path else None

    @property
    def environment(self) -> dict[str, Any]:
        """Its environment."""
        return self._read(
            "environment.json", lambda file: dict(json.loads(file.read_text("utf-8")))
        )

    def check(self, *names: str) -> None:
        """MedsmallError if the files `names` have changed since they were written.

        Without names, all except LARGE files, which are checked when they are used. Records of
        older versions cannot be checked.
        """
        try:
            written = checksums.read(self.folder / "DONE")
        except FileNotFoundError:
            return  # it is being made
        except ValueError as error:
            raise self.damaged("DONE", "cannot be read") from error
        if not (names or written) and self._has_checksums():
            raise self.damaged("DONE", "is empty")
        for name in names or written.keys() - LARGE:
            file = self.folder / name
            if written and not file.is_file():
                raise self.damaged(name, "is absent")
            if written and checksums.of_file(file) != written.get(name):
                raise self.damaged(name, "has changed since it was written (sha256)")

    def _has_checksums(self) -> bool:
        """Whether it was made by a version that fills DONE, according to its metrics.json."""
        try:
            metrics = json.loads((self.folder / "metrics.json").read_text("utf-8"))
            return metrics["schema"] >= 3
        except (OSError, ValueError, TypeError, KeyError):
            return False

    def _read(self, name: str, read: Callable[[Path], T]) -> T:
        self.check(name)
        try:
            return read(self.folder / name)
        except FileNotFoundError:
            what = "is absent"
        except Exception as error:  # csv, json, zip: each has its own
            what = f"cannot be read ({type(error).__name__})"
        raise self.damaged(name, what)

    def damaged(self, name: str, what: str) -> MedsmallError:
        """The error for a file of it that `what` ("is absent")."""
        return MedsmallError(
            f"The record {self.folder} is damaged: {name} {what}. Delete the folder, and the same "
            "command makes it again."
        )

    @property
    def lock(self) -> Path:
        """The lock file of the process that makes it."""
        return self.folder.with_name(f".{self.key}.lock")

    @property
    def is_being_made(self) -> bool:
        """Whether a process is making it now."""
        return not self.done and is_held(self.lock)

    @contextmanager
    def writing(self, wait: bool = True) -> Iterator[bool]:
        """Make the record; yields False if another process has made it in the meantime.

        One process at a time: BusyError if it is another and `wait` is false. If the body raises,
        the record is removed; if it ends, DONE is written.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with held(self.lock, f"Run {self.key}", wait):
            if self.done:
                yield False
                return
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            try:
                yield True
            except BaseException:
                shutil.rmtree(self.folder, ignore_errors=True)
                raise
            self.write_text("DONE", checksums.of_folder(self.folder))

    def write(self, name: str, write: Callable[[Path], T]) -> T:
        """`write` fills a temporary file, which then takes its `name`; gives what it returns."""
        return write_whole(self.folder / name, write)

    def write_text(self, name: str, text: str) -> None:
        """Text as UTF-8."""
        self.write(name, lambda path: path.write_text(text, encoding="utf-8"))

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Indented JSON; refuses NaN, which is not valid JSON."""
        self.write_text(name, json.dumps(content, indent=2, allow_nan=False) + "\n")

    def write_csv(self, name: str, table: pd.DataFrame) -> None:
        """CSV with full precision: floats read back are the floats written."""
        self.write(name, lambda path: table.to_csv(path, index=False))


def _read_csv(file: Path, text: list[str], *numbers: str) -> pd.DataFrame:
    """A table that must have the named columns; only blank cells are NaN: a patient may be "NA"."""
    table = pd.read_csv(
        file,
        dtype=dict.fromkeys(text, "str"),
        keep_default_na=False,
        na_values=[""],
        float_precision="round_trip",
    )
    table[[*text, *numbers]]  # a KeyError where one is absent
    return table
