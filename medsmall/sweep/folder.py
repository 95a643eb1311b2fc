"""The folder of a sweep, <output_root>/sweeps/<name>: its cells, and why some have failed."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from medsmall.atomic import write_whole
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.record import Record

GRID, LAST = "grid.json", ".last"
LONGEST = 100  # characters of a name


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
        upstreams: keys of the runs that it starts from, the last training first.
    """

    overrides: tuple[str, ...]
    words: str = ""
    key: str = ""
    name: str = ""
    arm: str = ""
    n: int = 0
    left_out: str = ""
    upstreams: tuple[str, ...] = ()

    @property
    def draw(self) -> str:
        """What it differs in from the other cells of its arm."""
        return " ".join(sorted({*self.words.split(" ")} - {*self.arm.split(" ")}))


@dataclass(frozen=True)
class Failure:
    """Why a cell failed: a sentence, and the traceback of a fault of the program."""

    overrides: tuple[str, ...]
    sentence: str
    traceback: str = ""


class SweepFolder:
    """Reads and writes the folder; several processes may do so at once."""

    def __init__(self, output_root: str | Path, name: str) -> None:
        if not 0 < len(name) <= LONGEST or re.search(r'[/\\:*?"<>|=]|^\.', name):
            raise MedsmallError(f"There can be no sweep of the name '{name}': choose another.")
        self.root = Path(output_root).expanduser().absolute()
        self.name = name
        self.path = self.root / "sweeps" / name

    @classmethod
    def last(cls, output_root: str | Path) -> "SweepFolder":
        """That of the sweep begun last; MedsmallError if there is none."""
        sweeps = Path(output_root).expanduser().absolute() / "sweeps"
        try:
            name = (sweeps / LAST).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            name = ""
        if not name:
            raise MedsmallError(
                f"No sweep has begun in {sweeps.parent}: name its output_root, if it is another."
            )
        return cls(sweeps.parent, name)

    def begin(self, cells: Sequence[Cell], named: bool = False) -> None:
        """Write the cells, and forget earlier failures: those cells are tried again.

        MedsmallError if a sweep that was `named` has the folder of another grid, which may be
        running.
        """
        if named and (self.path / GRID).exists():
            before = {cell.overrides for cell in self.cells}
            if before != {cell.overrides for cell in cells}:
                raise MedsmallError(
                    f"sweep.name={self.name} is the name of another grid: choose another name, or "
                    f"delete {self.path}; its records are kept."
                )
        for file in (self.path / "failed").glob("*.json"):
            file.unlink(missing_ok=True)
        content = {"cells": [asdict(cell) for cell in cells]}
        self._write(GRID, json.dumps(content, indent=1) + "\n")
        text = f"{self.name}\n"
        write_whole(self.path.parent / LAST, lambda file: file.write_text(text, encoding="utf-8"))

    @property
    def cells(self) -> list[Cell]:
        """Its cells; MedsmallError if there is no such sweep."""
        try:
            found = json.loads((self.path / GRID).read_text(encoding="utf-8"))
            tuples = ("overrides", "upstreams")
            return [
                Cell(**{**one, **{key: tuple(one[key]) for key in tuples}})
                for one in found["cells"]
            ]
        except FileNotFoundError:
            known = [file.parent.name for file in self.path.parent.glob(f"*/{GRID}")]
            raise MedsmallError(
                f"There is no sweep {self.path}{did_you_mean(self.name, known)}."
            ) from None
        except (ValueError, LookupError, TypeError, AttributeError, OSError) as error:
            raise MedsmallError(
                f"{self.path / GRID} is damaged: delete it, and start the sweep again."
            ) from error

    def record(self, key: str) -> Record:
        """The record of a cell, or of an upstream."""
        return Record.of(str(self.root), key)

    def fail(self, failure: Failure) -> None:
        """Keep why a cell has failed."""
        self._write(
            f"failed/{_name(failure.overrides)}.json", json.dumps(asdict(failure), indent=1)
        )

    def failure(self, overrides: tuple[str, ...]) -> Failure | None:
        """Why a cell has failed; None if it has not. An upstream has its key for overrides."""
        file = self.path / "failed" / f"{_name(overrides)}.json"
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            return Failure(**{**found, "overrides": tuple(found["overrides"])})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def has_failures(self) -> bool:
        """Whether a cell has failed."""
        return any((self.path / "failed").glob("[!.]*.json"))

    def _write(self, name: str, text: str) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path / name, lambda file: file.write_text(text, encoding="utf-8"))


def _name(overrides: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(overrides).encode()).hexdigest()[:12]
