"""Every layer from the first step on, at rates that fall from the head to the input."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from medsmall.backbone.network import Network
from medsmall.errors import MedsmallError
from medsmall.strategy.stage import Stage, check_rates


@dataclass(frozen=True)
class DecayedRates:
    """The head trains at `lr`, and what lies k steps before it at ``lr * decay**k``.

    Args:
        lr: learning rate of the head.
        decay: rate of a step over that of the next one towards the head, in (0, 1].
        per: what a step is: a "group" of the backbone's YAML (discriminative rates: Howard & Ruder,
            ACL 2018), or a "layer" of timm (layer-wise decay: Bao et al., BEiT, ICLR 2022).
        norm: see `medsmall.strategy.stage.Stage`.
        weight_decay: AdamW's.
    """

    lr: float
    decay: float
    per: Literal["group", "layer"]
    norm: Literal["adapting", "frozen", "reestimated"]
    weight_decay: float
    restarts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_rates(self.lr, self.weight_decay)
        if not 0 < self.decay <= 1:
            raise MedsmallError(f"strategy.decay must lie in (0, 1], but is {self.decay}.")

    def stages(self, network: Network) -> list[Stage]:
        """One stage; each step is a group of the optimizer."""
        steps = network.layers if self.per == "layer" else network.groups
        last = len(steps) - 1
        rates = [self.lr * self.decay ** (last - k) for k in range(len(steps))]
        return [Stage(0.0, list(zip(steps, rates, strict=True)), self.norm)]
