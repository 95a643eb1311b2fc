"""CutMix: a rectangle of each image comes from another one, and so does a part of its label."""

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from medsmall.batches.batch import Batch
from medsmall.loss import Loss
from medsmall.objective.mixup import blended, check_alpha


class CutMix:
    """The loss of images with a foreign rectangle, at labels blended by its area.

    The rectangle has the shape of the image and is the same for all images of a batch. Its area is
    a share 1 - s of the image, s from Beta(alpha, alpha), before it is cut at the edges; labels
    follow the area that is left. A label that is unknown for one of the two is unknown. A finding
    may lie outside of the rectangle: for small ones MixUp is safer. Yun et al., ICCV 2019.

    Args:
        alpha: above 0; 1: all areas are equally likely.
    """

    image_by_image: ClassVar[bool] = False
    takes_features: ClassVar[bool] = False

    def __init__(self, alpha: float) -> None:
        check_alpha(alpha)
        self.alpha = torch.distributions.Beta(alpha, alpha)

    def __call__(
        self, model: Callable[[Tensor], Tensor], batch: Batch, loss: Loss
    ) -> tuple[Tensor, Tensor]:
        """Weighted losses and weights, as `loss` gives them."""
        height, width = batch.images.shape[2:]
        rows, columns = self._rectangle(height, width)
        other = torch.randperm(len(batch.images)).to(batch.images.device)
        images = batch.images.clone()
        images[..., rows, columns] = batch.images[other][..., rows, columns]
        area = (rows.stop - rows.start) * (columns.stop - columns.start) / (height * width)
        share = batch.labels.new_full((len(images),), 1 - area)
        return loss(model(images), blended(batch.labels, other, share))

    def _rectangle(self, height: int, width: int) -> tuple[slice, slice]:
        """Rows and columns around a point that may lie anywhere."""
        side = float(torch.sqrt(1 - self.alpha.sample()))
        sides = []
        for length in (height, width):
            middle, half = int(torch.randint(length, ())), round(side * length / 2)
            sides.append(slice(max(middle - half, 0), min(middle + half, length)))
        return sides[0], sides[1]
