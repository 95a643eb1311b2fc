"""The published numbers, the questions that they answer, and their defects."""

import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).parent
ALL_FILMS = "full_data_reference"  # the experiment with all training films


@dataclass(frozen=True)
class Task:
    """Targets of chestxray14, the films of `val` and `test` in theirs, and how they were drawn."""

    name: str
    targets: list[str]
    val: int
    test: int
    settings: dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What an experiment of ours asks, and theirs that asked the same; see `questions.toml`."""

    name: str
    ours: str
    series: list[str]
    parts: dict[str, dict[str, Any]]
    settings: dict[str, Any]
    all: dict[str, Any] = field(default_factory=dict)
    again: str = ""
    no_validation: list[str] = field(default_factory=list)

    def meaning(self, arm: str) -> dict[str, Any]:
        """The keys of our config that one of their arms stands for."""
        found = dict(self.all)
        for part in arm.replace("@", "+").split("+"):
            found |= self.parts[part]
        return found


@dataclass(frozen=True)
class Defect:
    """What is wrong with the numbers that the patterns `of` name; see `defects.toml`."""

    code: str
    says: str
    of: list[str]
    void: bool = False
    beyond: int = 0

    def concerns(self, row: pd.Series) -> bool:
        """Whether it is one of the number in this row of `results`."""
        place = f"{row['experiment']}/{row['task']}/{row['arm']}"
        return row["n_train"] > self.beyond and any(fnmatchcase(place, one) for one in self.of)

    @property
    def is_marked(self) -> bool:
        """Whether its code stands beside the line."""
        return self.code.startswith("C")


@cache
def results() -> pd.DataFrame:
    """One row per published AUROC: experiment, task, arm, n_train, value, where it is from."""
    return pd.read_csv(
        HERE / "results.csv", keep_default_na=False, na_values={"low": "", "high": ""}
    )


@cache
def tasks() -> list[Task]:
    """Those with published numbers."""
    return [Task(name, **of) for name, of in _read("questions")["tasks"].items()]


@cache
def questions() -> list[Question]:
    """Those with published numbers; the settings of their protocol are those of each."""
    whole = _read("questions")
    return [
        Question(name, **{**of, "settings": {**whole["protocol"], **of["settings"]}})
        for name, of in whole["questions"].items()
    ]


@cache
def defects() -> list[Defect]:
    """All that are known, in the order of their codes' file."""
    return [Defect(code, **of) for code, of in _read("defects").items()]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))
