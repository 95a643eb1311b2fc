"""The first stages of the body stay frozen, the rest trains."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from medsmall.backbone.network import Network
from medsmall.errors import MedsmallError
from medsmall.strategy.stage import Stage, check_rates


@dataclass(frozen=True)
class Partial:
    """Trains all but the first `frozen_stages` of timm's stages, at learning rate `lr`.

    `norm` is about the layers that train; see `medsmall.strategy.stage.Stage`.
    """

    lr: float
    frozen_stages: int
    norm: Literal["adapting", "frozen", "reestimated"]
    weight_decay: float
    restarts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_rates(self.lr, self.weight_decay)
        if self.frozen_stages < 1:
            raise MedsmallError(
                f"strategy.frozen_stages must be at least 1, but is {self.frozen_stages}: where "
                "nothing is frozen, set strategy=finetune_all."
            )

    def stages(self, network: Network) -> list[Stage]:
        """One stage of training, always."""
        body = len(network.stages) - 1
        if self.frozen_stages >= body:
            raise MedsmallError(
                f"strategy.frozen_stages={self.frozen_stages} leaves nothing of the body to train: "
                f"{network.architecture} has {body} stages; set at most {body - 1}, or "
                "strategy=feature_extractor."
            )
        trained = network.stages[self.frozen_stages :]
        return [Stage(0.0, [(names, self.lr) for names in trained], self.norm)]
