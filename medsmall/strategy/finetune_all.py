"""Every layer from the first step on."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from medsmall.backbone.network import Network
from medsmall.strategy.stage import Stage, check_rates


@dataclass(frozen=True)
class FinetuneAll:
    """Trains all layers at the same learning rate `lr`; `norm` as in `strategy.stage.Stage`."""

    lr: float
    weight_decay: float
    norm: Literal["adapting", "frozen", "reestimated"] = "adapting"
    restarts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_rates(self.lr, self.weight_decay)

    def stages(self, network: Network) -> list[Stage]:
        """Every group, always."""
        return [Stage(0.0, [(names, self.lr) for names in network.groups], self.norm)]
