"""Augmentations of the images: one file per augmentation, and one YAML per policy.

The contract of an augmentation (the Protocol below states it in types):

- It is a class built from its YAML in conf/augmentation, whose comments are the reasons for the
  values (`reasons.reasons`); `name` is that option.
- ``training()`` and ``plain()`` are albumentations pipelines. They take uint8 (H, W, C) images of
  `image_size_px`, C is 1 (grey) or 3 (RGB), keep C and dtype, and give one common output size.
- Both are made of `pipeline.Pipeline`, so that transforms are independent of each other.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # seconds to import, and `reasons` is read where no image is
    from medsmall.augmentation.pipeline import Pipeline


class Augmentation(Protocol):
    """The interface of an augmentation.

    Attributes:
        name: the option in conf/augmentation.
        modality: the images it is meant for, one of `medsmall.dataset.MODALITIES`; "": any.
        image_size_px: side of the square images it takes; 0: any.
        tta_views: how many augmented views are scored beside the plain one.
        strict: whether `safety.check` refuses instead of warning.
        seed: of the random views, 0 or more; not that of the training.
    """

    name: str
    modality: str
    image_size_px: int
    tta_views: int
    strict: bool
    seed: int

    def training(self) -> "Pipeline":
        """The pipeline of training, also of the augmented test views."""

    def plain(self) -> "Pipeline":
        """The deterministic pipeline of validation and of the plain test view."""
