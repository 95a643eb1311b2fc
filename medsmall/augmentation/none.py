"""No augmentation."""

from medsmall.augmentation.pipeline import Pipeline


class NoAugmentation:
    """Images as they are, and one view at test time.

    Args:
        strict: an argument of every augmentation; there is nothing to refuse here.
    """

    name = "none"
    modality = ""  # any
    image_size_px = 0  # any size
    tta_views = 0
    seed = 0  # there is no chance

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict

    def training(self) -> Pipeline:
        """Changes nothing."""
        return Pipeline([])

    def plain(self) -> Pipeline:
        """Changes nothing."""
        return Pipeline([])
