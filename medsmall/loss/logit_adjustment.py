"""Cross-entropy with adjusted logits, for findings and for exclusive classes."""

import torch
from torch import Tensor, nn

from medsmall.errors import MedsmallError
from medsmall.loss.alternatives import alternatives, counts
from medsmall.task import Task


class LogitAdjustment(nn.Module):
    """Cross-entropy of the logits plus `tau` times the log share of each class in training.

    The shares are added in training only, so the network itself answers as if the classes were
    equally frequent (`tau` = 1): the rare ones are called more often, as with weights, but no image
    weighs more than another. Menon et al., Long-tail learning via logit adjustment, ICLR 2021.

    Args:
        tau: 0 to 3; 0 is the cross-entropy.
    """

    tasks = (Task.BINARY, Task.MULTILABEL, Task.MULTICLASS)

    def __init__(self, tau: float) -> None:
        super().__init__()
        if not 0 <= tau <= 3:
            raise MedsmallError(f"loss.tau must lie between 0 and 3, such as 1, but is {tau:g}.")
        self.tau, self.task = tau, Task.BINARY
        self.register_buffer("log_share", torch.zeros(1, 2))

    def fit(self, labels: Tensor, task: Task) -> None:
        """Take the log shares (K, A) from `labels`; an absent class counts as one image."""
        self.task = task
        held = counts(labels, task).clamp(min=1)
        self.log_share = (held / held.sum(1, keepdim=True)).log().float()

    def forward(self, outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and 1 where the label is known, else 0 and 0."""
        shift = self.tau * self.log_share
        shift = shift[0] if self.task == Task.MULTICLASS else shift[:, 1] - shift[:, 0]
        log_p, shares, known = alternatives(outputs.float() + shift, labels, self.task)
        return -(shares * log_p).sum(2), known.float()
