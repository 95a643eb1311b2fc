"""One-cycle (Smith, arXiv 1708.07120) with cosine on both sides."""

from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR

from medsmall.errors import MedsmallError
from medsmall.schedule.warmup import check_warmup


@dataclass(frozen=True)
class OneCycle:
    """From max/start_divisor up to max in the first `warmup` of the steps, then to nearly 0.

    The last rate is max / (start_divisor * end_divisor). With `cycle_momentum`, Adam's beta1 goes
    .95 -> .85 -> .95, opposite to the rate. If fewer than two steps are left for the rise, as in a
    short stage, the rate begins at its maximum.
    """

    warmup: float
    start_divisor: float
    end_divisor: float
    cycle_momentum: bool

    def __post_init__(self) -> None:
        check_warmup(self.warmup)
        if not (self.start_divisor >= 1 and self.end_divisor >= 1):
            raise MedsmallError(
                f"schedule.start_divisor and schedule.end_divisor must be at least 1, but are "
                f"{self.start_divisor} and {self.end_divisor}."
            )

    def configure(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        """Steps after every batch; each parameter group has its own maximum."""
        steps = max(steps, 2)  # a single step leaves no room for a cycle
        scheduler = OneCycleLR(
            optimizer,
            max_lr=[group["lr"] for group in optimizer.param_groups],
            total_steps=steps,
            # nor does a rise of a single one: torch divides by its length, which is then 0
            pct_start=self.warmup if self.warmup * steps > 1 else 0.0,
            div_factor=self.start_divisor,
            final_div_factor=self.end_divisor,
            cycle_momentum=self.cycle_momentum,
        )
        return {"scheduler": scheduler, "interval": "step"}
