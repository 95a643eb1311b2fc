"""A data set that is nowhere on disk, for tables and names that no release has."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.task import Task


class StandIn:
    """Its table is given, and its images are made up."""

    name = "stand-in <b>&"
    modality = "other"
    variant = ""
    unit = "image"
    citation = "A & B <i>2020</i>"
    licence = 'none "yet"'
    url = "https://example.org/"
    phantom_patients = 10

    def __init__(self, table: pd.DataFrame, targets: list[str], task: Task, grey: bool = True):
        self._table, self.targets, self.labels, self.task = table, targets, targets, task
        self.files = InventedFiles(grey)

    def table(self) -> pd.DataFrame:
        return self._table.copy()

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        raise NotImplementedError


class InventedFiles:
    """Images made up from their names; the one called "broken" cannot be read."""

    root = Path("nowhere")
    missing: Literal["error", "drop"] = "error"
    reading = ""

    def __init__(self, grey: bool):
        self.grey = grey

    def file(self, image: str) -> Path:
        return self.root / image

    def read(self, image: str) -> np.ndarray:
        if image == "broken":
            raise MedsmallError("The image broken cannot be read: get it again.")
        rng = np.random.default_rng(len(image))
        shape = (20, 30) if self.grey else (20, 30, 3)
        return rng.integers(0, 256, shape, dtype=np.uint8)


def table(n: int, columns: dict[str, Any]) -> pd.DataFrame:
    """A sample table of `n` images of two per patient, with the `columns` instead of defaults."""
    frame = {
        "image": [f"i{k:05d}" for k in range(n)],
        "patient": [f"p{k // 2}" for k in range(n)],
        "split": "",
        "age": np.nan,
        "sex": "",
        "view": "",
    }
    return pd.DataFrame(frame | columns)


def findings(n: int, names: list[str], unknown: float = 0.1, seed: int = 0) -> dict[str, Any]:
    """Random 1, 0 and NaN for each name."""
    rng = np.random.default_rng(seed)
    shares = [0.3 * (1 - unknown), 0.7 * (1 - unknown), unknown]
    return {name: rng.choice([1.0, 0.0, np.nan], n, p=shares) for name in names}
