"""The loss and its weighting: one file per loss.

A loss gives the error and the weight of each output; the caller adds up. The sum of the losses over
the sum of the weights is the loss of a batch, over any number of processes. Training minimises it.
``val_loss``, which chooses the epoch, is the plain likelihood or squared error of the targets
(`medsmall.targets`), whatever the loss.

Losses of labels 0 and 1 take any y between (soft labels) and are linear in it: the loss and the
weight at y = 0.7 are 0.7 times those of a positive plus 0.3 times those of a negative.
"""

from typing import TYPE_CHECKING, Protocol

from medsmall.errors import MedsmallError
from medsmall.targets import Targets
from medsmall.task import Task

if TYPE_CHECKING:  # seconds to import
    from torch import Tensor


class Loss(Protocol):
    """An ``nn.Module`` made from conf/loss/<name>.yaml.

    Attributes:
        tasks: the kinds of targets it fits.
    """

    tasks: tuple[Task, ...]

    def fit(self, labels: "Tensor", task: Task) -> None:
        """Learn from the train labels (N, K), NaN unknown, as often as training shows them.

        `task` tells findings (K of them) from exclusive classes.

        Weights that balance classes are w_i = total / (classes * n_i), and 1 for a class that is
        absent: where none is, their mean over those labels is 1. A loss with nothing to learn does
        nothing.
        """

    def __call__(self, outputs: "Tensor", labels: "Tensor") -> "tuple[Tensor, Tensor]":
        """Weighted loss and weight of each image and target: float32 (B, K); multiclass (B, 1).

        `outputs` (B, K) are logits, or standardised numbers, of any float type; `labels` (B, K),
        NaN unknown: loss, weight and gradient are 0 there. The weight follows from the label, not
        from the output: a fixed weight of a class (alpha of the focal loss) is part of both, a
        factor that depends on the output is part of the loss alone.
        """


def fit_nothing(loss: Loss, targets: Targets) -> None:
    """MedsmallError if the loss does not fit the number of targets."""
    import torch

    loss.fit(torch.zeros(1, len(targets.names), dtype=torch.float64), targets.task)


def refuse_other_task(loss: Loss, targets: Targets) -> None:
    """MedsmallError if the loss does not fit the kind of the targets."""
    if targets.task not in loss.tasks:
        names = targets.names
        raise MedsmallError(
            f"The loss {type(loss).__name__} is not for a {targets.task} task (targets: "
            f"{', '.join(names[:5])}{', ...' if len(names) > 5 else ''}): set "
            f"loss={targets.loss}."
        )
