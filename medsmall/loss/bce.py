"""Binary cross-entropy with logits, per target."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medsmall.errors import MedsmallError
from medsmall.loss.class_weights import balanced, check_beta
from medsmall.task import Task


class BCE(nn.Module):
    """Binary cross-entropy; `weighted` balances the two classes of each target.

    With n known labels of a target, n1 of them positive, positives weigh n / (2 n1) and
    negatives n / (2 (n - n1)); a class that is not in the draw weighs 1. A soft label
    counts as both classes, each by its share.

    Args:
        weighted: whether the classes are balanced.
        beta: that of the effective number of images, see `medsmall.loss.class_weights`; None: 1.
        pos_weight: of a positive, where a negative weighs 1, instead: for all targets, or for each.
    """

    tasks = (Task.BINARY, Task.MULTILABEL)

    def __init__(
        self,
        weighted: bool,
        beta: float | None = None,
        pos_weight: float | list[float] | None = None,
    ) -> None:
        super().__init__()
        check_beta(beta)
        self.weighted, self.beta = weighted, beta
        self.pos_weight = None if pos_weight is None else torch.tensor(pos_weight).float()
        least, most = 1e-3, 1e3
        if self.pos_weight is not None and not bool(
            ((self.pos_weight >= least) & (self.pos_weight <= most)).all()
        ):
            raise MedsmallError(
                f"loss.pos_weight must lie between {least:g} and {most:g}, but is {pos_weight}: 3 "
                "lets a positive count as much as three negatives."
            )
        if self.pos_weight is not None and weighted:
            raise MedsmallError(
                "loss.weighted=true finds the weight of positives by the draw: leave out "
                "loss.pos_weight, or set loss=bce_pos_weight."
            )
        self.register_buffer("class_weight", torch.ones(2, 1))

    def fit(self, labels: Tensor, task: Task) -> None:
        """Take the weights from `labels`, (N, K) of 0 to 1 and NaN."""
        self.class_weight = torch.ones(2, labels.shape[1])
        if self.pos_weight is not None:
            if self.pos_weight.numel() not in (1, labels.shape[1]):
                raise MedsmallError(
                    f"loss.pos_weight has {self.pos_weight.numel()} numbers, but there are "
                    f"{labels.shape[1]} target(s): give one number for all, or one for each."
                )
            self.class_weight[1] = self.pos_weight
        elif self.weighted:
            counts = torch.stack([(1 - labels).nansum(0), labels.nansum(0)])
            self.class_weight = balanced(counts, self.beta)

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
