"""Binary cross-entropy with logits, per target."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medsmall.task import Task


class BCE(nn.Module):
    """Binary cross-entropy; `weighted` balances the two classes of each target.

    With n known labels of a target, n1 of them positive, positives weigh n / (2 n1) and
    negatives n / (2 (n - n1)); a class that is not in the draw weighs 1. A soft label
    counts as both classes, each by its share.
    """

    tasks = (Task.BINARY, Task.MULTILABEL)

    def __init__(self, weighted: bool) -> None:
        super().__init__()
        self.weighted = weighted
        self.register_buffer("class_weight", torch.ones(2, 1))

    def fit(self, labels: Tensor) -> None:
        """Take the weights from `labels`, (N, K) of 0 to 1 and NaN."""
        self.class_weight = torch.ones(2, labels.shape[1])
        if self.weighted:
            counts = torch.stack([(1 - labels).nansum(0), labels.nansum(0)]).float()
            self.class_weight = torch.where(counts > 0, counts.sum(0) / (2 * counts), 1.0)

    def forward(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted loss and weight, (B, K) each; `labels` 0 to 1, NaN unknown."""
        known = ~labels.isnan()
        positive = torch.where(known, labels, 0.0) * self.class_weight[1]
        negative = torch.where(known, 1 - labels, 0.0) * self.class_weight[0]
        z = logits.float()
        if_positive, if_negative = (
            F.binary_cross_entropy_with_logits(z, torch.full_like(z, y), reduction="none")
            for y in (1.0, 0.0)
        )
        return if_positive * positive + if_negative * negative, positive + negative
