"""Training from random weights."""

from dataclasses import dataclass
from typing import ClassVar

from medsmall.backbone.network import Network
from medsmall.errors import MedsmallError
from medsmall.strategy.stage import Stage, check_rates


@dataclass(frozen=True)
class Scratch:
    """Trains all layers at learning rate `lr`; MedsmallError if the body's weights are not random.

    `random_body` says whether they are.
    """

    lr: float
    weight_decay: float
    random_body: bool
    restarts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_rates(self.lr, self.weight_decay)
        if not self.random_body:
            raise MedsmallError(
                "strategy=scratch trains from random weights: set pretraining=none, or "
                "strategy=finetune_all for pretrained ones."
            )

    def stages(self, network: Network) -> list[Stage]:
        """Every group, always."""
        return [Stage(0.0, [(names, self.lr) for names in network.groups])]
