"""What fits a draw: one file per learner.

`network` trains a network with Lightning (its parts are in `lightning/`); `probe` solves a linear
head on frozen features. A learner is told everything by the case and its images; whoever runs it
knows none by name.
"""

from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd
from pytorch_lightning.loggers import Logger

from medsmall.batches.drawn import DrawnImages
from medsmall.case import Case
from medsmall.record import Record


class Fitted(Protocol):
    """What a learner has made of a draw.

    Attributes:
        history: a row per epoch: `epoch` from 1, `train_loss`, `val_loss`, `val_<headline>`, ...
        chosen_epoch: the epoch whose state predicts.
        initial_sha256: of the initial weights, as they were loaded; None where there were none.
        machine: what it was computed with, for environment.json: `device`, `processes`.
    """

    history: pd.DataFrame
    chosen_epoch: int
    initial_sha256: str | None

    @property
    def machine(self) -> dict[str, Any]:
        """What it was computed with."""

    def predict(self, part: str) -> np.ndarray:
        """float64 (N, K), a row per image of the part in the draw's order.

        Probabilities, or numbers in the unit of their target.
        """

    def save(self, record: Record) -> str:
        """Write what predicts into the record; returns the sha256 of its tensors."""


class Learner(Protocol):
    """Made from conf/learner/<name>.yaml.

    Attributes:
        label: what it is called in names of runs.
        ignores: groups and dotted keys of the config that cannot change its result; the key of a
            run leaves them out.
    """

    label: str
    ignores: ClassVar[frozenset[str]]

    def check(self, case: Case) -> None:
        """MedsmallError if the parts of the case do not fit; before anything costly is begun."""

    def fit(self, case: Case, data: DrawnImages, loggers: list[Logger]) -> Fitted:
        """Learn from the train images, choose by the val images; the test images stay unseen.

        The initial weights are those of ``case.source.open()``. `loggers` are Lightning's: send
        them the history as it grows, or afterwards (`medsmall.logger.replay`).
        """
