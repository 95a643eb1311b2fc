"""Outputs and labels of a whole validation, from all processes."""

from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.data import dim_zero_cat


class Gathered(Metric):
    """Keeps what it is shown; `compute` gives all of it.

    torchmetrics gathers it over the processes. The numbers themselves come from
    `medsmall.evaluation`, as those of the test do: torchmetrics' AUROC of a class without
    positives is 0.0, which would drag a mean down, and it computes in single precision.
    """

    full_state_update = False
    outputs: list[Tensor]
    labels: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("outputs", default=[], dist_reduce_fx="cat")
        self.add_state("labels", default=[], dist_reduce_fx="cat")

    def update(self, outputs: Tensor, labels: Tensor) -> None:
        """Add (B, K) of each."""
        self.outputs.append(outputs)
        self.labels.append(labels)

    def compute(self) -> tuple[Tensor, Tensor]:
        """(N, K) of each."""
        return dim_zero_cat(self.outputs), dim_zero_cat(self.labels)
