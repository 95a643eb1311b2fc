"""Cosine decay after a linear warm-up (Loshchilov & Hutter, SGDR, ICLR 2017, without restarts)."""

import math
from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from medsmall.schedule.warmup import check_warmup


@dataclass(frozen=True)
class Cosine:
    """Rises to the maximum in the first `warmup` of the steps, then falls along a cosine to 0.

    Step s of the w warm-up steps has (s + 1) / w of the maximum, the k-th of the n steps after it
    ``(1 + cos(pi k / n)) / 2``.
    """

    warmup: float

    def __post_init__(self) -> None:
        check_warmup(self.warmup)

    def configure(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        """Steps after every batch; each parameter group has its own maximum."""
        rising = int(self.warmup * steps)

        def share(step: int) -> float:
            if step < rising:
                return (step + 1) / rising
            return (1 + math.cos(math.pi * min(1, (step - rising) / max(1, steps - rising)))) / 2

        return {"scheduler": LambdaLR(optimizer, share), "interval": "step"}
