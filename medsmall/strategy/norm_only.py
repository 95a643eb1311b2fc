"""The head and the normalisation layers."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from medsmall.backbone.network import Network
from medsmall.errors import MedsmallError
from medsmall.strategy.stage import Stage, check_rates


@dataclass(frozen=True)
class NormOnly:
    """Trains the head, and scale and shift of every normalisation layer, at learning rate `lr`.

    BatchNorm, LayerNorm, GroupNorm and their kin; `norm` is about BatchNorm's statistics, see
    `medsmall.strategy.stage.Stage`.
    """

    lr: float
    norm: Literal["adapting", "frozen", "reestimated"]
    weight_decay: float
    restarts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_rates(self.lr, self.weight_decay)

    def stages(self, network: Network) -> list[Stage]:
        """One stage, always."""
        names = [name for name in network.norm_parameters() if name not in network.head]
        if not names:
            raise MedsmallError(
                f"strategy=norm_only has nothing to train: {network.architecture} has no "
                "normalisation layers with weights; set another strategy."
            )
        return [Stage(0.0, [(names, self.lr), (network.head, self.lr)], self.norm)]
