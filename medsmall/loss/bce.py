"""Binary cross-entropy with logits, each target apart."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medsmall.task import Task


class BCE(nn.Module):
    """Binary cross-entropy; `weighted` balances the two classes of each target.

    With n known labels of a target, n1 of them positive, positives weigh n / (2 n1) and
    negatives n / (2 (n - n1)); a class that is not in the draw weighs 1.
    """

    tasks = (Task.BINARY, Task.MULTILABEL)

    def __init__(self, weighted: bool) -> None:
        super().__init__()
        self.weighted = weighted
        self.register_buffer("class_weight", torch.ones(2, 1))

    def fit(self, labels: Tensor) -> None:
        """Take the weights from `labels`, (N, K) of 0, 1 and NaN."""
        self.class_weight = torch.ones(2, labels.shape[1])
        if self.weighted:
            counts = torch.stack([(labels == 0).sum(0), (labels == 1).sum(0)]).float()
            self.class_weight = torch.where(counts > 0, counts.sum(0) / (2 * counts), 1.0)

    def forward(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted sum over the known labels, and the sum of the weights."""
        known = ~labels.isnan()
        y = torch.where(known, labels, 0.0)
        weight = torch.where(y == 1, self.class_weight[1], self.class_weight[0]) * known
        each = F.binary_cross_entropy_with_logits(logits.float(), y, reduction="none")
        return (each * weight).sum(), weight.sum()
