"""Cross-entropy over exclusive classes."""

import torch
from torch import Tensor, nn

from medsmall.loss.class_weights import balanced, check_beta
from medsmall.task import Task


class CrossEntropy(nn.Module):
    """Cross-entropy; `weighted` balances the classes with w_i = n / (classes * n_i).

    One binary target has one logit z: its two classes then have the logits (0, z), which makes
    this equal to binary cross-entropy. A soft label counts as several classes, each by its share.
    With `beta`, classes are balanced by their effective numbers (`medsmall.loss.class_weights`).
    """

    tasks = (Task.BINARY, Task.MULTICLASS)

    def __init__(self, weighted: bool, beta: float | None = None) -> None:
        super().__init__()
        check_beta(beta)
        self.weighted, self.beta = weighted, beta
        self.register_buffer("class_weight", torch.ones(2))

    def fit(self, labels: Tensor, task: Task) -> None:
        """Take the weights from `labels`, (N, K) shares of each class (or one binary column)."""
        counts = _shares(labels[~labels.isnan().any(1)]).sum(0)
        self.class_weight = torch.ones(len(counts))
        if self.weighted:
            self.class_weight = balanced(counts, self.beta)

    def forward(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted loss and weight, (B, 1) each; a row of `labels` sums to 1 or holds a NaN."""
        logits = logits.float()
        if logits.shape[1] == 1:
            logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
        known = ~labels.isnan().any(1, keepdim=True)
        weights = torch.where(known, _shares(labels), 0.0) * self.class_weight
        each = -logits.log_softmax(1) * weights
        return each.sum(1, keepdim=True), weights.sum(1, keepdim=True)


def _shares(labels: Tensor) -> Tensor:
    """The share of each class: a binary column y becomes (1 - y, y)."""
    return torch.cat([1 - labels, labels], dim=1) if labels.shape[1] == 1 else labels
