"""Linear probing, then fine-tuning (LP-FT)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from medsmall.backbone.network import Network
from medsmall.errors import MedsmallError
from medsmall.strategy.stage import Stage, check_rates


@dataclass(frozen=True)
class ProbeThenFinetune:
    """Trains the head alone at first, then all layers; the schedule restarts in between.

    A random head sends large gradients into the body, which distort its features; a fitted head
    does not (Kumar et al., ICLR 2022).

    Args:
        head_lr: learning rate of the head while it trains alone.
        probe: part of all steps, in (0, 1), that the head trains alone.
        lr: of all layers afterwards.
        norm: while all train; see `medsmall.strategy.stage.Stage`.
        weight_decay: AdamW's.
    """

    head_lr: float
    probe: float
    lr: float
    norm: Literal["adapting", "frozen", "reestimated"]
    weight_decay: float
    restarts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_rates(self.lr, self.weight_decay)
        if not 0 < self.head_lr < float("inf"):
            raise MedsmallError(f"strategy.head_lr must be above 0, but is {self.head_lr}.")
        if not 0 < self.probe < 1:
            raise MedsmallError(f"strategy.probe must lie between 0 and 1, but is {self.probe}.")

    def stages(self, network: Network) -> list[Stage]:
        """The head; then everything."""
        alone = Stage(0.0, [(network.head, self.head_lr)], self.norm)
        return [alone, Stage(self.probe, [(names, self.lr) for names in network.groups], self.norm)]
