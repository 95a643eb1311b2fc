"""The augmentation of Romero et al., Medical Physics 2020."""

import albumentations as A
import cv2

from medsmall.augmentation.pipeline import Pipeline, check_seed
from medsmall.augmentation.reasons import reasons
from medsmall.errors import MedsmallError


class Paper:
    """Rotation, horizontal flip, random crop; plain views are the centre crop.

    Args:
        image_size_px: side of the square input images.
        rotation_deg: rotations are uniform within this, borders reflected.
        flip: probability of a horizontal flip.
        crop: side of the crop over the side of the image, in (0, 1]; the paper's 234/250.
        tta_views: augmented views beside the plain one at test time.
        strict: refuse, rather than warn of, what is unsafe for the data set's modality.
        seed: of the random views; not that of the training.
    """

    name = "paper"
    modality = ""  # the paper used it on films of the chest and of bones alike

    def __init__(
        self,
        image_size_px: int,
        rotation_deg: float,
        flip: float,
        crop: float,
        tta_views: int,
        strict: bool = False,
        seed: int = 42,
    ) -> None:
        check_seed(seed)
        if (
            not 0 < crop <= 1
            or not 0 <= flip <= 1
            or not 0 <= rotation_deg <= 180
            or not (0 <= tta_views <= 1000)
        ):
            raise MedsmallError(
                "augmentation: crop must lie in (0, 1], flip in [0, 1], rotation_deg and tta_views "
                f"at 0 or above, but they are {crop}, {flip}, {rotation_deg} and {tta_views}."
            )
        self.image_size_px, self.strict, self.seed = image_size_px, strict, seed
        self.rotation_deg, self.flip, self.crop = rotation_deg, flip, crop
        self.side = max(1, round(crop * image_size_px))
        self.tta_views = tta_views

    @property
    def reasons(self) -> dict[str, str]:
        """The meaning of each key of its YAML."""
        return reasons(self.name)

    def training(self) -> Pipeline:
        """Rotate, perhaps flip, crop anywhere."""
        return Pipeline(
            [
                A.Rotate(limit=self.rotation_deg, border_mode=cv2.BORDER_REFLECT, p=1.0),
                A.HorizontalFlip(p=self.flip),
                A.RandomCrop(self.side, self.side),
            ]
        )

    def plain(self) -> Pipeline:
        """Crop the centre."""
        return Pipeline([A.CenterCrop(self.side, self.side)])
