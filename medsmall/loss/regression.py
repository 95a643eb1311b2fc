"""Losses of a continuous target: squared or absolute error."""

from typing import Literal

from torch import Tensor, nn

from medsmall.task import Task


class RegressionLoss(nn.Module):
    """The absolute error of each output, to a power: `power` 2 is squared error, 1 absolute error.

    Labels arrive standardised, see `medsmall.targets.quantities`. Absolute error is
    less moved by outliers, and is what bone age is scored with (RSNA challenge: Halabi et al.,
    Radiology 2019).
    """

    tasks = (Task.REGRESSION,)

    def __init__(self, power: Literal[1, 2]) -> None:
        super().__init__()
        self.power = power

    def fit(self, labels: Tensor, task: Task) -> None:
        """Nothing to learn: every known label weighs 1."""

    def forward(self, outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Error and 1 where the label is known, else 0 and 0: (B, K) each."""
        known = ~labels.isnan()
        error = (outputs.float() - labels.nan_to_num(0.0)).abs() ** self.power
        return error * known, known.float()
