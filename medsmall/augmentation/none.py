"""No augmentation."""

import albumentations as A

from medsmall.augmentation.pipeline import Pipeline


class NoAugmentation:
    """Images as they are, and one view at test time.

    Args:
        strict: as of every augmentation; nothing is done here that could be refused.
    """

    modality = ""
    tta_views = 0

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict

    def training(self) -> A.Compose:
        """Changes nothing."""
        return Pipeline([])

    def plain(self) -> A.Compose:
        """Changes nothing."""
        return Pipeline([])
