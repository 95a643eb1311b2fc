"""Supervised training: predict the labels."""

from collections.abc import Callable
from typing import ClassVar

from torch import Tensor

from medsmall.batches.batch import Batch
from medsmall.loss import Loss


class Supervised:
    """The loss of the labelled images; an unknown label, or an unlabelled image, counts nothing."""

    image_by_image: ClassVar[bool] = True
    takes_features: ClassVar[bool] = True

    def __call__(
        self, model: Callable[[Tensor], Tensor], batch: Batch, loss: Loss
    ) -> tuple[Tensor, Tensor]:
        """Weighted losses and weights, as `loss` gives them."""
        return loss(model(batch.images), batch.labels)
