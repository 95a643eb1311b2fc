"""No augmentation."""

from medsmall.augmentation.pipeline import Pipeline


class NoAugmentation:
    """Images as they are, and one view at test time.

    Args:
        strict: as of every augmentation; nothing is done here that could be refused.
    """

    name = "none"
    modality = ""  # it suits any
    image_size_px = 0  # so does it any size
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
