"""Features of an image beside the columns of the sample table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from omegaconf import DictConfig

from medsmall.features.metadata import Metadata
from medsmall.targets import Targets

if TYPE_CHECKING:  # seconds to import
    import pandas as pd
    from torch.utils.data import DataLoader

    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.features import Described, Features
    from medsmall.features.metadata import OfTable
    from medsmall.record import Record


@dataclass(frozen=True)
class WithMetadata:
    """Both, side by side.

    Args:
        image: makes the features of the image, such as `medsmall.features.network`.
        columns: of the table, see `medsmall.features.metadata`.
    """

    image: Any
    columns: list[str] | None
    network: ClassVar[bool] = False

    @property
    def ignores(self) -> frozenset[str]:
        """What neither depends on."""
        asked: Features = self.image
        return asked.ignores & Metadata.ignores

    def check(self, cfg: DictConfig, targets: Targets, side: int, learner: str) -> None:
        """Check those of the image."""
        self.image.check(cfg, targets, side, learner)

    def columns_of(self, table: "pd.DataFrame", targets: Sequence[str]) -> list[str]:
        """See `medsmall.features.Features`."""
        return Metadata(self.columns).chosen(table, targets)

    def work(self, image: np.ndarray) -> None:
        """That of the image."""
        self.image.work(image)

    def of(self, case: "Case", data: "DrawnImages") -> "Both":
        """Those of a run."""
        return Both(self.image.of(case, data), Metadata(self.columns).of(case, data))


class Both:
    """See `medsmall.features.Described`."""

    def __init__(self, image: "Described", table: "OfTable") -> None:
        self.image, self.table = image, table
        self.initial_sha256 = image.initial_sha256
        alone = image.own_units
        self.own_units = None if alone is None else alone + len(table.names)

    @property
    def machine(self) -> dict[str, Any]:
        """That of the image."""
        return dict(self.image.machine)

    def features(self, loader: "DataLoader") -> np.ndarray:
        """float64 (N, F), those of the image first."""
        return np.concatenate([self.image.features(loader), self.table.features(loader)], 1)

    def save(self, record: "Record", about: dict[str, str]) -> str:
        """What both write."""
        self.table.save(record, about)
        return self.image.save(record, about)
