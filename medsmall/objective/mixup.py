"""MixUp: each image is blended with another one, and so are their labels."""

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from medsmall.batches.batch import Batch
from medsmall.errors import MedsmallError
from medsmall.loss import Loss


class MixUp:
    """The loss of blended images at blended labels.

    Each image keeps a share of max(s, 1 - s), s from Beta(alpha, alpha), and gets the rest from
    another image of the batch; its label likewise, as a soft label. A label that is unknown for one
    of the two is unknown. Zhang et al., ICLR 2018; the share of each image apart as in Romero et
    al. 2020. The random numbers are those of the training's seed, on the CPU, so that they are the
    same on a GPU.

    Args:
        alpha: above 0; small: most images are nearly themselves.
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
        size, device = len(batch.images), batch.images.device
        share = self.alpha.sample((size,))
        share = torch.maximum(share, 1 - share).to(device)
        other = torch.randperm(size).to(device)
        own = share[:, None, None, None]
        images = own * batch.images.float() + (1 - own) * batch.images[other].float()
        return loss(model(images), blended(batch.labels, other, share))


def blended(labels: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Labels (B, K) that keep a `share` (B,) and have the rest from the images `other` (B,)."""
    own = share[:, None]
    return own * labels + (1 - own) * labels[other]  # unknown, if one is: 0 * NaN is NaN


def check_alpha(alpha: float) -> None:
    """MedsmallError unless Beta(alpha, alpha) can be drawn from."""
    if not 1e-3 <= alpha <= 1e3:
        raise MedsmallError(
            f"objective.alpha must lie between 0.001 and 1000, such as 0.4, but is {alpha:g}."
        )
