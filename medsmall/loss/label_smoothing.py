"""Cross-entropy with smoothed labels, for findings and for exclusive classes."""

import torch
from torch import Tensor, nn

from medsmall.errors import MedsmallError
from medsmall.loss.alternatives import alternatives
from medsmall.task import Task


class LabelSmoothing(nn.Module):
    """Cross-entropy to labels of which a share `epsilon` is spread over all alternatives.

    A label of 1 is learnt as 1 - epsilon / 2 for a finding, as 1 - epsilon + epsilon / K for one of
    K classes. For labels that are sometimes wrong; probabilities stay away from 0 and 1. Szegedy et
    al., Rethinking the Inception architecture, CVPR 2016.

    Args:
        epsilon: 0 to below 1; 0 is the cross-entropy.
    """

    tasks = (Task.BINARY, Task.MULTILABEL, Task.MULTICLASS)

    def __init__(self, epsilon: float) -> None:
        super().__init__()
        if not 0 <= epsilon < 1:
            raise MedsmallError(
                f"loss.epsilon must be 0 or more and below 1, such as 0.1, but is {epsilon:g}."
            )
        self.epsilon, self.task = epsilon, Task.BINARY

    def fit(self, labels: Tensor, task: Task) -> None:
        """Nothing to learn but the kind of the targets: every known label weighs 1."""
        self.task = task

    def forward(self, outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and 1 where the label is known, else 0 and 0."""
        log_p, shares, known = alternatives(outputs, labels, self.task)
        smooth = (1 - self.epsilon) * shares + self.epsilon / shares.shape[2]
        each = torch.where(known, -(smooth * log_p).sum(2), 0.0)
        return each, known.float()
