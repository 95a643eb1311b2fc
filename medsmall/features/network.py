"""Features of a frozen network: the inputs of its last layer."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from omegaconf import DictConfig

from medsmall.targets import Targets

if TYPE_CHECKING:  # seconds to import
    import pandas as pd
    from torch.utils.data import DataLoader

    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.features.frozen import Frozen
    from medsmall.model import Model
    from medsmall.record import Record


class NetworkFeatures:
    """Of the backbone with its pretrained weights."""

    ignores: ClassVar[frozenset[str]] = frozenset()
    network: ClassVar[bool] = True

    def check(self, cfg: DictConfig, targets: Targets, side: int, learner: str) -> None:
        """Check that the device exists and one linear layer gives the outputs."""
        from medsmall.features.body import check_body

        check_body(cfg, targets, side, learner)

    def columns_of(self, table: "pd.DataFrame", targets: Sequence[str]) -> list[str]:
        """See `medsmall.features.Features`."""
        return []

    def work(self, image: np.ndarray) -> None:
        """The network is timed itself."""

    def of(self, case: "Case", data: "DrawnImages") -> "OfNetwork":
        """Those of the network of a run with its initial weights."""
        from medsmall.features.frozen import Frozen
        from medsmall.initial import initial_model

        _, model, initial = initial_model(case)
        return OfNetwork(model, initial, Frozen(model, case.cfg))


class OfNetwork:
    """See `medsmall.features.Described`; `model` is the network, `frozen` has its features."""

    own_units: int | None = 0

    def __init__(self, model: "Model", initial_sha256: str | None, frozen: "Frozen") -> None:
        self.model, self.initial_sha256, self.frozen = model, initial_sha256, frozen

    @property
    def machine(self) -> dict[str, Any]:
        """The device."""
        from medsmall.record.environment import device_of_record

        return device_of_record(self.frozen.device)

    def features(self, loader: "DataLoader") -> np.ndarray:
        """float32 (N, F)."""
        return self.frozen.features(loader)

    def save(self, record: "Record", about: dict[str, str]) -> str:
        """Write model.safetensors, without a head."""
        headless = copy.deepcopy(self.model)
        headless.about |= about
        module: Any = headless.module
        module.reset_classifier(0)
        return record.write("model.safetensors", headless.save)
