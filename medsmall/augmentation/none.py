"""No augmentation."""

import albumentations as A


class NoAugmentation:
    """Images as they are, and one view at test time."""

    tta_views = 0

    def training(self) -> A.Compose:
        """Changes nothing."""
        return A.Compose([])

    def plain(self) -> A.Compose:
        """Changes nothing."""
        return A.Compose([])
