"""The focal loss, for findings and for exclusive classes."""

import torch
from torch import Tensor, nn

from medsmall.errors import MedsmallError
from medsmall.loss.alternatives import alternatives, counts
from medsmall.loss.class_weights import balanced
from medsmall.task import Task

MOST = 10  # of a focus: beyond, hardly any image counts


class Focal(nn.Module):
    """-(1 - p)^gamma log p, p being the probability of what the label says.

    Images that are predicted well count little, so the many easy negatives of a rare finding do not
    drown its positives. Lin et al., Focal loss for dense object detection, ICCV 2017.

    Args:
        gamma: 0 or more; 0 is the cross-entropy.
        weighted: whether the classes are balanced by w_i = total / (classes * n_i), too; the paper
            has a fixed weight of the positives instead (alpha).
    """

    tasks = (Task.BINARY, Task.MULTILABEL, Task.MULTICLASS)

    def __init__(self, gamma: float, weighted: bool) -> None:
        super().__init__()
        if not 0 <= gamma <= MOST:
            raise MedsmallError(
                f"loss.gamma must lie between 0 and {MOST}, such as 2, but is {gamma:g}."
            )
        self.gamma, self.weighted = gamma, weighted
        self.task = Task.BINARY
        self.register_buffer("class_weight", torch.ones(1, 2))

    def fit(self, labels: Tensor, task: Task) -> None:
        """Take the weights (K, A) from `labels`."""
        self.task = task
        held = counts(labels, task)
        self.class_weight = balanced(held.T).T if self.weighted else torch.ones_like(held).float()

    def forward(self, outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted loss and weight of each image and target."""
        log_p, shares, _ = alternatives(outputs, labels, self.task)
        weights = shares * self.class_weight
        each = -((-log_p.expm1()).clamp(min=0) ** self.gamma) * log_p
        return (each * weights).sum(2), weights.sum(2)
