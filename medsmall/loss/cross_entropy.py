"""Cross-entropy over exclusive classes."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medsmall.task import Task


class CrossEntropy(nn.Module):
    """Cross-entropy; `weighted` balances the classes with w_i = n / (classes * n_i).

    One binary target has one logit z: its two classes then have the logits (0, z), which makes
    this equal to binary cross-entropy.
    """

    tasks = (Task.BINARY, Task.MULTICLASS)

    def __init__(self, weighted: bool) -> None:
        super().__init__()
        self.weighted = weighted
        self.register_buffer("class_weight", torch.ones(2))

    def fit(self, labels: Tensor) -> None:
        """Take the weights from `labels`, (N, K) one-hot (or one binary column), NaN unknown."""
        classes = max(labels.shape[1], 2)
        self.class_weight = torch.ones(classes)
        if self.weighted:
            known = ~labels.isnan().any(1)
            counts = torch.bincount(_class_index(labels[known]), minlength=classes).float()
            self.class_weight = torch.where(counts > 0, counts.sum() / (classes * counts), 1.0)

    def forward(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted sum over the images whose class is known, and the sum of the weights."""
        logits = logits.float()
        if logits.shape[1] == 1:
            logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
        known = ~labels.isnan().any(1)
        index = _class_index(labels.nan_to_num(0.0))
        each = F.cross_entropy(logits, index, reduction="none")
        weight = self.class_weight[index] * known
        return (each * weight).sum(), weight.sum()


def _class_index(labels: Tensor) -> Tensor:
    return labels[:, 0].long() if labels.shape[1] == 1 else labels.argmax(1)
