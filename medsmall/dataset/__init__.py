"""Data sets: each is one class in one file, made by Hydra from conf/dataset/<name>.yaml.

The contract of a data set (the Protocol below states it in types):

- It reads a release exactly as it unpacks, under `root`. `table()` lists all its rows without
  looking whether the image files are there; `absent()` tells which are not; `read()` decodes one.
- `table()` has the columns `image` (path relative to `root`, with `/`), `patient`, `split`
  ("train_val", "train", "val", "test", or "" where the release says nothing), then one float64
  column per label (1, 0, NaN = unknown), then `age` (years), `sex` ("F", "M", ""), `view`, ...
- `targets` are the labels to learn, in the order given; `exclusive` says whether exactly one of
  them is 1 per image. `unit` is the table's column that one test score is about.
- `write_phantom()` writes generated images and tables in the release's layout; the same arguments
  give byte-identical files.
- Arguments of `__init__` carry plain annotations (built-ins, None, Literal, list, dict): the
  configuration is checked against the source text, so a class needs no import to be checked.
- What a user can mend is a MedsmallError. Modules here import no torch.
"""

from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pandas as pd


class Dataset(Protocol):
    """What the rest of medsmall may ask of a data set; see the module's docstring."""

    # Known of the class itself, before one is made.
    name: str
    modality: str
    exclusive: bool
    unit: str
    labels: list[str]
    citation: str
    licence: str
    url: str

    root: Path
    targets: list[str]
    missing_images: Literal["error", "drop"]

    def table(self) -> pd.DataFrame:
        """All rows the release lists, with a RangeIndex; MedsmallError where a file is absent."""

    def absent(self, table: pd.DataFrame) -> pd.Series:
        """One bool per row of `table`: True where the image file is not there."""

    def read(self, image: str) -> np.ndarray:
        """The image of one row as uint8, (H, W) grey or (H, W, 3) RGB."""

    @staticmethod
    def write_phantom(root: Path, patients: int, seed: int) -> None:
        """Write generated tables and images of `patients` patients into the empty folder `root`."""
