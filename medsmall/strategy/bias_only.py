"""The head and the biases: a few thousand numbers that a small sample can hold."""

from dataclasses import dataclass
from typing import ClassVar

from medsmall.backbone.network import Network
from medsmall.errors import MedsmallError
from medsmall.strategy.stage import Stage, check_rates


@dataclass(frozen=True)
class BiasOnly:
    """Trains the head and every bias of the body, also of normalisation, at learning rate `lr`."""

    lr: float
    weight_decay: float
    restarts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_rates(self.lr, self.weight_decay)

    def stages(self, network: Network) -> list[Stage]:
        """One stage; normalisation layers keep their statistics."""
        names = [name for name, _ in network.module.named_parameters()]
        biases = [name for name in names if name.endswith("bias") and name not in network.head]
        if not biases:
            raise MedsmallError(
                f"strategy=bias_only has nothing to train: the body of {network.architecture} has "
                "no biases; set another strategy."
            )
        return [Stage(0.0, [(biases, self.lr), (network.head, self.lr)], norm="frozen")]
