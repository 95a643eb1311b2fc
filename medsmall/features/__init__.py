"""Features of images, that heads are fitted to: one file per kind.

`network` has those of a frozen network, `texture` numbers that describe grey levels, `metadata` the
columns of the sample table. Those of pixels are computed once for a view and kept for all runs
(`kept`, `store`, `views`); `standardised` brings columns of any unit to one scale.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from omegaconf import DictConfig

from medsmall.targets import Targets

if TYPE_CHECKING:  # seconds to import
    import pandas as pd
    from torch.utils.data import DataLoader

    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.record import Record


class Described(Protocol):
    """The features of one run.

    Attributes:
        initial_sha256: of the network's initial weights; None where there is none.
        machine: for environment.json: `device`.
        own_units: how many columns, the last ones, have units of their own; None: all. Those of a
            network, before them, keep their scale relative to each other.
    """

    initial_sha256: str | None
    own_units: int | None

    @property
    def machine(self) -> dict[str, object]:
        """See above."""

    def features(self, loader: "DataLoader") -> np.ndarray:
        """Float (N, F) of all views of a loader of `DrawnImages`, in its order."""

    def save(self, record: "Record", about: dict[str, str]) -> str:
        """Write what gives the features of other images; the sha256 of its tensors.

        `about` goes into the metadata of a network, see `medsmall.learner.Fitted`.
        """


class Features(Protocol):
    """Made from conf/features/<name>.yaml.

    Attributes:
        ignores: groups and dotted keys of the config that cannot change them.
        network: whether they are the inputs of a network's last layer, so that a linear head
            becomes that layer.
    """

    ignores: ClassVar[frozenset[str]]
    network: ClassVar[bool]

    def check(self, cfg: DictConfig, targets: Targets, side: int, learner: str) -> None:
        """MedsmallError if they cannot be had; `learner` names the one that asks.

        `side` is that of the views, in px.
        """

    def columns_of(self, table: "pd.DataFrame", targets: Sequence[str]) -> list[str]:
        """The columns of the sample table that they are made of; MedsmallError if it lacks them."""

    def work(self, image: np.ndarray) -> None:
        """Do for one view uint8 (H, W) what costs time, for a plan; a network is timed itself."""

    def of(self, case: "Case", data: "DrawnImages") -> Described:
        """Those of a run. Whatever they learn, they learn from its train images."""
