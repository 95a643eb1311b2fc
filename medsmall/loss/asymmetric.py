"""The asymmetric loss of several findings."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medsmall.errors import MedsmallError
from medsmall.task import Task

MOST = 10  # of a focus: beyond, hardly any image counts


class Asymmetric(nn.Module):
    """A focal loss that lets go of easy negatives only, and of very easy ones wholly.

    Positives: -(1 - p)^a log p. Negatives: -q^b log(1 - q) with q = max(p - margin, 0). Ridnik et
    al., Asymmetric loss for multi-label classification, ICCV 2021.

    Args:
        gamma_positive: a, 0 or more.
        gamma_negative: b, 0 or more; larger than a.
        margin: probability up to which a negative counts nothing, 0 to 0.5.
    """

    tasks = (Task.BINARY, Task.MULTILABEL)

    def __init__(self, gamma_positive: float, gamma_negative: float, margin: float) -> None:
        super().__init__()
        for name, gamma in (("positive", gamma_positive), ("negative", gamma_negative)):
            if not 0 <= gamma <= MOST:
                raise MedsmallError(
                    f"loss.gamma_{name} must lie between 0 and {MOST}, but is {gamma:g}."
                )
        if not 0 <= margin <= 0.5:
            raise MedsmallError(
                f"loss.margin must lie between 0 and 0.5, such as 0.05, but is {margin:g}: beyond, "
                "few negatives would count at all."
            )
        self.gamma_positive, self.gamma_negative = gamma_positive, gamma_negative
        self.margin = margin

    def fit(self, labels: Tensor, task: Task) -> None:
        """Nothing to learn: every known label weighs 1."""

    def forward(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and 1 where the label is known, else 0 and 0: (B, K) each."""
        known = ~labels.isnan()
        y = torch.where(known, labels, 0.0)
        z = logits.float()
        if_positive = -(torch.sigmoid(-z) ** self.gamma_positive) * F.logsigmoid(z)
        q = (z.sigmoid() - self.margin).clamp(min=0)
        if_negative = -(q**self.gamma_negative) * torch.log1p(-q.clamp(max=1 - 1e-7))
        if not self.margin:  # exact where the probability is 1 in single precision
            if_negative = (z.sigmoid() ** self.gamma_negative) * -F.logsigmoid(-z)
        return (if_positive * y + if_negative * (1 - y)) * known, known.float()
