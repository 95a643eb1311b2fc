"""One-cycle (Smith, arXiv 1708.07120) with cosine on both sides."""

from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR


@dataclass(frozen=True)
class OneCycle:
    """From max/start_divisor up to max in the first `warmup` of the steps, then to nearly nothing.

    The last rate is max / (start_divisor * end_divisor). With `cycle_momentum`, Adam's beta1 goes
    .95 -> .85 -> .95 against the rate.
    """

    warmup: float
    start_divisor: float
    end_divisor: float
    cycle_momentum: bool

    def configure(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        """Steps after every batch; each parameter group has its own maximum."""
        scheduler = OneCycleLR(
            optimizer,
            max_lr=[group["lr"] for group in optimizer.param_groups],
            total_steps=max(steps, 2),  # a single step leaves no room for a cycle
            pct_start=self.warmup,
            div_factor=self.start_divisor,
            final_div_factor=self.end_divisor,
            cycle_momentum=self.cycle_momentum,
        )
        return {"scheduler": scheduler, "interval": "step"}
