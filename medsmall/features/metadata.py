"""The columns of the sample table: age, sex, view. What an image has to beat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from medsmall.errors import MedsmallError, did_you_mean
from medsmall.targets import Targets
from medsmall.terminal import say_once

if TYPE_CHECKING:  # seconds to import
    from torch.utils.data import DataLoader

    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.record import Record

USUAL = ("age", "sex", "view")
MANY = 20  # words that a column may have in any case


@dataclass(frozen=True)
class Metadata:
    """Numbers as they are, words as a column for each word of the train images.

    A number that is unknown is the mean of the train images, with a column that says so; an unknown
    word, or one that no train image has, is none of the words.

    Args:
        columns: of the sample table; None: age, sex and view, as far as the data have them.
    """

    columns: list[str] | None
    ignores: ClassVar[frozenset[str]] = frozenset({"backbone", "pretraining", "augmentation"})
    network: ClassVar[bool] = False

    def check(self, cfg: DictConfig, targets: Targets, side: int, learner: str) -> None:
        """Nothing: see `columns_of`."""

    def columns_of(self, table: pd.DataFrame, targets: Sequence[str]) -> list[str]:
        """See `medsmall.features.Features`."""
        return self.chosen(table, targets)

    def work(self, image: np.ndarray) -> None:
        """Nothing that takes time."""

    def of(self, case: "Case", data: "DrawnImages") -> "OfTable":
        """Those of a run, encoded by its train images."""
        return OfTable(self.chosen(case.table, case.targets.names), case, data)

    def chosen(self, table: pd.DataFrame, targets: Sequence[str]) -> list[str]:
        """The columns; MedsmallError if there are none, or if one is no metadata."""
        known = [c for c in table if c not in ("image", "patient", "split", *targets)]
        if self.columns is None:
            found = [c for c in USUAL if c in known and has_values(table[c])]
            if not found:
                others = ", ".join(str(c) for c in known if has_values(table[c]))
                raise MedsmallError(
                    "The data have neither age, sex nor view: set features.columns to columns of "
                    f"the sample table ({others or 'it has no others'})."
                )
            return found
        if not self.columns or len(set(self.columns)) < len(self.columns):
            raise MedsmallError(
                "features.columns names no column, or one of them twice: null takes age, sex and "
                "view."
            )
        for column in self.columns:
            if column in targets:
                raise MedsmallError(f"features.columns names {column}, which is to be learnt.")
            if column not in known:
                raise MedsmallError(
                    f"The sample table has no column {column} of metadata"
                    f"{did_you_mean(column, list(map(str, known)))}."
                )
            if not has_values(table[column]):
                raise MedsmallError(f"features.columns: {column} knows nothing of any image.")
        return self.columns


class OfTable:
    """See `medsmall.features.Described`."""

    initial_sha256 = None
    own_units = None

    def __init__(self, columns: list[str], case: "Case", data: "DrawnImages") -> None:
        self.table = case.table.set_index("image")[columns]
        views = data.parts["train"]
        images = np.array(views.prepared.images, dtype=object)[views.rows]
        self.codes = [Code.of(self.table[column].loc[images]) for column in columns]

    @property
    def machine(self) -> dict[str, Any]:
        """The CPU."""
        return {"device": "cpu"}

    @property
    def names(self) -> list[str]:
        """Of the F features."""
        return [name for code in self.codes for name in code.names]

    def features(self, loader: "DataLoader") -> np.ndarray:
        """float64 (N, F): the same for all views of an image."""
        views: Any = loader.dataset
        order: Any = loader.sampler
        rows = views.rows[[image for batch in order for image, _ in batch]]
        images = np.array(views.prepared.images, dtype=object)[rows]
        return np.column_stack(
            [code.columns(self.table[code.name].loc[images]) for code in self.codes]
        )

    def save(self, record: "Record", about: dict[str, str]) -> str:
        """Write metadata.json: how columns became features."""
        codes = [{"column": c.name, "words": c.words, "mean": c.mean} for c in self.codes]
        record.write_json("metadata.json", {"columns": codes})
        return ""


@dataclass(frozen=True)
class Code:
    """How one column becomes features: by its `words`, or as a number whose `mean` fills gaps."""

    name: str
    words: list[str] | None
    mean: float

    @classmethod
    def of(cls, train: pd.Series) -> "Code":
        """Learnt from the values of train images."""
        numbers, words = _numbers(train), sorted(set(_text(train)) - {""})
        if numbers is not None:
            return cls(str(train.name), None, float(np.nanmean(numbers)))
        if len(words) > max(MANY, len(train) // 2):
            say_once(
                f"features.columns: {train.name} has {len(words)} words in {len(train)} train "
                "images, so nearly each image has its own and nothing can be learnt from it."
            )
        return cls(str(train.name), words, 0.0)

    @property
    def names(self) -> list[str]:
        """Of its features."""
        if self.words is None:
            return [self.name, f"{self.name} unknown"]
        return [f"{self.name} {word}" for word in self.words]

    def columns(self, values: pd.Series) -> np.ndarray:
        """Features (N, F) of values."""
        if self.words is None:
            text = _text(values).str.replace(",", ".", regex=False)
            numbers = pd.to_numeric(text, errors="coerce").to_numpy(float)
            unknown = ~np.isfinite(numbers)
            return np.column_stack([np.where(unknown, self.mean, numbers), unknown])
        words = _text(values).to_numpy()
        return np.column_stack([words == word for word in self.words])


def has_values(column: pd.Series) -> bool:
    """Whether a column knows anything of some image."""
    if pd.api.types.is_numeric_dtype(column):
        return bool(column.notna().any())
    return bool((_text(column) != "").any())


def _numbers(column: pd.Series) -> np.ndarray | None:
    """The values of a column of numbers, also as text and with a comma, NaN unknown; else None."""
    text = _text(column).str.strip().str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(text, errors="coerce").to_numpy(float)
    known = (text != "").to_numpy()
    return numbers if known.any() and np.isfinite(numbers[known]).all() else None


def _text(column: pd.Series) -> pd.Series:
    return column.astype("str").where(column.notna(), "")
