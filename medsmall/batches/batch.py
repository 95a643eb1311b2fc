"""The batch that a loader gives."""

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """B views of images with their labels."""

    images: Tensor  # uint8 (B, C, H, W), C 1 or 3
    labels: Tensor  # float32 (B, K), NaN unknown; all NaN if the image is unlabelled
    views: Tensor  # int64 (B,): 0 the plain view, 1, 2, ... augmented ones
    labelled: Tensor  # bool (B,): whether the batch has the labels of the image
