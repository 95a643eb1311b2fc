"""A constant rate, reduced when the validation loss rises: the paper's "regular" policy."""

from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from medsmall.errors import MedsmallError


@dataclass(frozen=True)
class ReduceOnPlateau:
    """Multiplies the rates by `factor` after an epoch whose validation loss rose by > `tolerance`.

    The paper's code also made a new Adam every epoch, which threw away its moments, and stopped
    below a rate of 1e-6; here the optimizer lives on and training runs its epochs.
    """

    factor: float
    tolerance: float

    def __post_init__(self) -> None:
        if not (0 < self.factor < 1 and self.tolerance >= 0):
            raise MedsmallError(
                f"schedule.factor must lie between 0 and 1 and schedule.tolerance be at least 0, "
                f"but they are {self.factor} and {self.tolerance}."
            )

    def configure(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        """Steps after every epoch on val_loss."""
        scheduler = _AgainstTheEpochBefore(
            optimizer,
            mode="min",
            factor=self.factor,
            patience=0,
            threshold=-self.tolerance,  # negative: a loss up to this above still passes
            threshold_mode="abs",
        )
        return {"scheduler": scheduler, "interval": "epoch", "monitor": "val_loss"}


class _AgainstTheEpochBefore(ReduceLROnPlateau):
    """torch compares with the best epoch so far, the paper with the one before."""

    def step(self, metrics: Any, epoch: Any = None) -> None:  # type: ignore[override]
        super().step(metrics)
        self.best = float(metrics)
