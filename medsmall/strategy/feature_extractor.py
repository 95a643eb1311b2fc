"""The pretrained body as a fixed feature extractor."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from medsmall.backbone.network import Network
from medsmall.strategy.stage import Stage, check_rates


@dataclass(frozen=True)
class FeatureExtractor:
    """Trains the head alone, at learning rate `lr`.

    `norm`: whether BatchNorm keeps its statistics, or begins with those of the train images; see
    `medsmall.strategy.stage.Stage`.
    """

    lr: float
    weight_decay: float
    norm: Literal["frozen", "reestimated"] = "frozen"
    restarts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_rates(self.lr, self.weight_decay)

    def stages(self, network: Network) -> list[Stage]:
        """The head, always."""
        return [Stage(0.0, [(network.head, self.lr)], self.norm)]
