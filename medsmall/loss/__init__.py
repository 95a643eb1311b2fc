"""The loss and its weighting: one file per loss.

A loss says how wrong each output is and how much that counts, and leaves adding up to the caller:
the sum of the losses over the sum of the weights is the loss of a batch, over however many
processes. Losses of labels 0 and 1 take any y between (soft labels) and are linear in it: the loss
and the weight at y = 0.7 are 0.7 times those of a positive plus 0.3 times those of a negative.
"""

from typing import Protocol

from torch import Tensor

from medsmall.task import Task


class Loss(Protocol):
    """An ``nn.Module`` made from conf/loss/<name>.yaml.

    Attributes:
        tasks: the kinds of targets it is for.
    """

    tasks: tuple[Task, ...]

    def fit(self, labels: Tensor) -> None:
        """Learn weights from train labels (N, K), NaN unknown, as often as the sampler shows them.

        They are w_i = total / (classes * n_i), so that their mean over those labels is 1.
        """

    def __call__(self, outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted loss and weight of each image and target, both (B, K), or (B, 1) of classes.

        `outputs` (B, K) float; `labels` (B, K), NaN unknown: loss and weight are 0 there. Numbers
        to predict are standardised.
        """
