"""A record as it would be if validation and test had been scored by what is exported."""

from typing import Any

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from medsmall.bundle.network import Network
from medsmall.configs import literal
from medsmall.contract import made
from medsmall.evaluation.prior_shift import Shares
from medsmall.export.images import Images
from medsmall.record import Record, scores
from medsmall.targets import Targets
from medsmall.threshold import Threshold

PARTS = ("val", "test")


class OneView(Record):
    """The record of a run whose validation and test are scored anew, with the plain view alone.

    A run scores the mean over the views of augmentation.tta_views, and its network is no int8 one.
    Thresholds are chosen again, by the rule of the run.

    Args:
        record: of the run.
        targets: what its outputs mean.
        network: that of the bundle.
        images: those of validation and test.
    """

    def __init__(self, record: Record, targets: Targets, network: Network, images: Images) -> None:
        super().__init__(record.folder)
        draw, unit = record.draw, str(record.metrics["unit"])
        self.values = {
            part: network(images.squares(draw.loc[draw["part"] == part, "image"].tolist()))
            for part in PARTS
        }
        table = pd.concat([record.val_predictions, record.predictions])
        table = table[[*dict.fromkeys(["image", unit])]].drop_duplicates("image")
        shares = shares_of(record, targets)
        rule = made(OmegaConf.create(literal(record.config)).threshold, Threshold)
        results = scores.metrics(draw, table, unit, targets, self.values, rule, shares)
        self._metrics = {**record.metrics, **results}
        thresholds = {name: of.get("threshold") for name, of in results["test"]["targets"].items()}
        self._tables = {
            part: scores.predictions(
                draw, table, unit, targets, part, self.values[part], thresholds, shares
            )
            for part in PARTS
        }

    @property
    def metrics(self) -> dict[str, Any]:
        """Those of the record, with the new ``val`` and ``test``."""
        return self._metrics

    @property
    def predictions(self) -> pd.DataFrame:
        """The test images."""
        return self._tables["test"]

    @property
    def val_predictions(self) -> pd.DataFrame:
        """The images of validation."""
        return self._tables["val"]


def scored_images(record: Record) -> list[str]:
    """The images of validation and test, in the order of the draw."""
    draw = record.draw
    return draw.loc[draw["part"].isin(PARTS), "image"].tolist()


def shares_of(record: Record, targets: Targets) -> Shares:
    """Those of the fit and of the population, as the run recorded them; NaN where unknown."""
    told = record.metrics.get("prevalence") or {}
    return Shares(*(
        np.array([_number(told.get(whose, {}).get(name)) for name in targets.names], float)
        for whose in ("fit", "population")
    ))  # fmt: skip


def _number(value: float | None) -> float:
    return np.nan if value is None else value
