"""Low-rank adapters (LoRA) beside the frozen layers of the body."""

from dataclasses import dataclass
from typing import ClassVar

from medsmall.backbone.network import Network
from medsmall.errors import MedsmallError
from medsmall.strategy.stage import Stage, check_rates


@dataclass(frozen=True)
class LoRA:
    """Trains the head, and a product of two thin matrices that is added to each adapted weight.

    A weight W of a layer becomes ``W + (alpha / rank) * B @ A``, B (out, rank) beginning at 0. The
    sum is the weight of the fitted network, which is thus an ordinary one. Hu et al., ICLR 2022.

    Args:
        lr: learning rate of adapters and head.
        rank: of the product, 1 or more.
        alpha: its scale, 1 or more.
        layers: regular expression on names of linear and convolutional layers; None: the attention
            (qkv and proj) of a transformer, else every convolution that can be adapted.
        weight_decay: AdamW's.
    """

    lr: float
    rank: int
    alpha: int
    layers: str | None
    weight_decay: float
    restarts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_rates(self.lr, self.weight_decay)
        if self.rank < 1 or self.alpha < 1:
            raise MedsmallError(
                f"strategy.rank and strategy.alpha must be at least 1, but they are "
                f"{self.rank} and {self.alpha}."
            )

    def stages(self, network: Network) -> list[Stage]:
        """One stage; adds the adapters to the network. Normalisation keeps its statistics."""
        from medsmall.backbone.adapters import add_lora

        adapters = add_lora(network, self.rank, self.alpha, self.layers)
        return [Stage(0.0, [(adapters, self.lr), (network.head, self.lr)], norm="frozen")]
