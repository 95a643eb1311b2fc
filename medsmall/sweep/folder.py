"""The folder of a sweep, <output_root>/sweeps/<name>: its cells, and why some have failed."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from medsmall.atomic import write_whole
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.record import Record

GRID, LAST = "grid.json", ".last"


@dataclass(frozen=True)
class Cell:
    """One cell of a grid.

    Attributes:
        overrides: what its command line says.
        words: those of them in which cells of the grid differ, for people.
        key: of its run; "" where it is not known.
        name: for people.
        arm: what it shares with the other draws and sizes of its arm.
        n: number of its train images; 0 where it is not known.
        left_out: why it is not run, as a sentence; "" where it is.
        upstream: key of the run that it starts from; "" without one.
    """

    overrides: tuple[str, ...]
    words: str = ""
    key: str = ""
    name: str = ""
    arm: str = ""
    n: int = 0
    left_out: str = ""
    upstream: str = ""


@dataclass(frozen=True)
class Failure:
    """Why a cell failed: a sentence, the traceback of a fault of the program, and when (s)."""

    overrides: tuple[str, ...]
    sentence: str
    traceback: str = ""
    at: float = field(default_factory=time.time)


class SweepFolder:
    """Reads and writes the folder; several processes may do so at once."""

    def __init__(self, output_root: str | Path, name: str) -> None:
        self.root = Path(output_root).expanduser().absolute()
        self.name = name
        self.path = self.root / "sweeps" / name

    @classmethod
    def last(cls, output_root: str | Path) -> "SweepFolder":
        """That of the sweep begun last; MedsmallError if there is none."""
        sweeps = Path(output_root).expanduser().absolute() / "sweeps"
        try:
            name = (sweeps / LAST).read_text(encoding="utf-8").strip()
        except OSError:
            raise MedsmallError(
                f"No sweep is known in {sweeps.parent}: name the folder that its output_root was."
            ) from None
        return cls(sweeps.parent, name)

    def begin(self, cells: Sequence[Cell], command: Sequence[str]) -> None:
        """Write the cells; those that failed earlier will be tried again."""
        content = {
            "command": list(command),
            "begun": time.time(),
            "cells": [asdict(cell) for cell in cells],
        }
        self._write(GRID, json.dumps(content, indent=1) + "\n")
        text = f"{self.name}\n"
        write_whole(self.path.parent / LAST, lambda file: file.write_text(text, encoding="utf-8"))

    @property
    def cells(self) -> list[Cell]:
        """Its cells; MedsmallError if there is no such sweep."""
        return [
            Cell(**{**one, "overrides": tuple(one["overrides"])}) for one in self._grid()["cells"]
        ]

    @property
    def command(self) -> list[str]:
        """The words after ``python -m medsmall.train``."""
        return list(self._grid()["command"])

    @property
    def begun(self) -> float:
        """When it was started last, in seconds of the epoch."""
        return float(self._grid()["begun"])

    def _grid(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.path / GRID).read_text(encoding="utf-8")))
        except FileNotFoundError:
            known = [file.parent.name for file in self.path.parent.glob(f"*/{GRID}")]
            raise MedsmallError(
                f"There is no sweep {self.path}{did_you_mean(self.name, known)}."
            ) from None
        except ValueError as error:
            raise MedsmallError(
                f"{self.path / GRID} is damaged: start the command of the sweep again."
            ) from error

    def record(self, key: str) -> Record:
        """The record of a cell, or of an upstream."""
        return Record.of(str(self.root), key)

    def fail(self, failure: Failure) -> None:
        """Keep why a cell has failed."""
        self._write(
            f"failed/{_name(failure.overrides)}.json", json.dumps(asdict(failure), indent=1)
        )

    def failure(self, cell: Cell) -> Failure | None:
        """Why it has failed; None if it has not."""
        return self._failure(self.path / "failed" / f"{_name(cell.overrides)}.json")

    def has_failures(self, since: float) -> bool:
        """Whether a cell has failed since then."""
        found = map(self._failure, (self.path / "failed").glob("[!.]*.json"))
        return any(one is not None and one.at >= since for one in found)

    @staticmethod
    def _failure(file: Path) -> Failure | None:
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            return Failure(**{**found, "overrides": tuple(found["overrides"])})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, name: str, text: str) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path / name, lambda file: file.write_text(text, encoding="utf-8"))


def _name(overrides: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(overrides).encode()).hexdigest()[:12]
