"""A constant learning rate, perhaps after a linear warm-up."""

from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from medsmall.schedule.warmup import check_warmup


@dataclass(frozen=True)
class Constant:
    """The maximum at every step; before, it rises in the first `warmup` of the steps.

    Step s of the w warm-up steps has (s + 1) / w of the maximum.
    """

    warmup: float

    def __post_init__(self) -> None:
        check_warmup(self.warmup)

    def configure(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        """Steps after every batch; each parameter group has its own rate."""
        rising = int(self.warmup * steps)
        scheduler = LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / max(1, rising)))
        return {"scheduler": scheduler, "interval": "step"}
