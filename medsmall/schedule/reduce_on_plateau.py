"""A constant rate, reduced when the validation loss rises: the paper's "regular" policy."""

from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau


@dataclass(frozen=True)
class ReduceOnPlateau:
    """Multiplies the rates by `factor` after an epoch whose validation loss rose by > `tolerance`.

    The paper's code also made a new Adam every epoch, which threw away its moments, and stopped
    below a rate of 1e-6; here the optimizer lives on and training runs its epochs.
    """

    factor: float
    tolerance: float

    def configure(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        """Steps after every epoch on val_loss."""
        scheduler = ReduceLROnPlateau(
            optimizer,
            mode="min",
            factor=self.factor,
            patience=0,
            # negative: a loss up to `tolerance` above the last good one still passes, and becomes
            # the new reference, as the paper compares with the epoch before
            threshold=-self.tolerance,
            threshold_mode="abs",
        )
        return {"scheduler": scheduler, "interval": "epoch", "monitor": "val_loss"}
