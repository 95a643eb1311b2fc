"""The objective of a training batch: one file per objective. It calls the loss."""

from collections.abc import Callable
from typing import ClassVar, Protocol

from torch import Tensor

from medsmall.batches.batch import Batch
from medsmall.loss import Loss


class Objective(Protocol):
    """Made from conf/objective/<name>.yaml.

    Attributes:
        image_by_image: whether each image counts by itself. Else the result would depend on how a
            batch is shared among processes, and a single one is asked for.
        takes_features: whether it hands the images of a batch to the model as they come. Then the
            features of a frozen body may come in their place.
    """

    image_by_image: ClassVar[bool]
    takes_features: ClassVar[bool]

    def __call__(
        self, model: Callable[[Tensor], Tensor], batch: Batch, loss: Loss
    ) -> tuple[Tensor, Tensor]:
        """Weighted losses and weights of a train `batch`, of one shape, for the caller to add up.

        `model` gives outputs (B, K) of images (B, C, H, W), grey levels 0 to 255, uint8 or float;
        the labels of `batch` are on the scale of the outputs.
        """
