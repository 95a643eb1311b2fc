"""A policy: the usual transforms for medical images, each with its strength."""

from typing import Any, Literal

import albumentations as A
import cv2

from medsmall.augmentation.elastic import Elastic
from medsmall.augmentation.pipeline import Pipeline, check_seed
from medsmall.augmentation.reasons import reasons
from medsmall.errors import MedsmallError

BORDERS = {
    "reflect": cv2.BORDER_REFLECT_101,
    "edge": cv2.BORDER_REPLICATE,
    "black": cv2.BORDER_CONSTANT,
}
BOUNDS = {  # of each strength; values outside them are meaningless
    "image_size_px": (1, 10_000), "rotation_deg": (0, 180), "translate": (0, 0.5),
    "scale": (0, 0.9), "crop_pad": (0, 0.4), "flip": (0, 1), "vertical_flip": (0, 1),
    "quarter_turns": (0, 1), "elastic": (0, 0.05), "elastic_p": (0, 1), "brightness": (0, 1),
    "contrast": (0, 1), "saturation": (0, 1), "hue": (0, 0.5), "clahe": (1, 40),
    "clahe_p": (0, 1), "noise": (0, 1), "noise_p": (0, 1), "tta_views": (0, 1_000),
}  # fmt: skip
TILE_PX = 28  # a tile of CLAHE is no smaller: in fewer pixels a histogram is noise


class Policy:
    """Transforms for one modality; those of strength 0 are left out, all others are independent.

    Args:
        image_size_px: side of the square input images, and of the output.
        name: the option's name in conf/augmentation, whose YAML gives the reasons.
        modality: the images it is meant for, one of `medsmall.dataset.MODALITIES`.
        rotation_deg: rotations are uniform within this either way.
        translate: shifts along each axis are uniform within this part of the side.
        scale: sizes are uniform within 1 ± this.
        crop_pad: each edge is cut or padded by up to this part of the side, then the image
            resized: this also changes its height over width.
        flip: probability of a horizontal flip (left and right change places).
        vertical_flip: probability of a vertical flip (top and bottom change places).
        quarter_turns: probability of a turn by 0, 90, 180 or 270 degrees.
        elastic: largest root mean square displacement, part of the side (`Elastic`).
        elastic_p: probability of an elastic deformation.
        brightness: grey levels are multiplied by 1 ± this; black stays black.
        contrast: differences from the mean are multiplied by 1 ± this.
        saturation: likewise colourfulness, 1 ± this. No effect on grey images.
        hue: largest shift of hue either way, part of the colour circle. No effect on grey images.
        clahe: largest clip limit of CLAHE, from 1 (hardly any); up to 8 x 8 tiles of 28 px or more.
        clahe_p: probability of CLAHE; in three channels, of the lightness in 8-bit Lab, whose
            rounding tints grey by up to 3 of 255.
        noise: largest standard deviation of Gaussian noise, part of the range of grey levels.
        noise_p: probability of noise; it is the same in all channels, so that grey stays grey.
        border: pixels from outside the image: its reflection, its edge repeated, or black.
        tta_views: augmented views beside the plain one at test time.
        strict: refuse, rather than warn of, what is unsafe for the data set's modality.
        seed: of the random views; not that of the training.
    """

    def __init__(
        self,
        image_size_px: int,
        name: str,
        modality: str,
        rotation_deg: float = 0.0,
        translate: float = 0.0,
        scale: float = 0.0,
        crop_pad: float = 0.0,
        flip: float = 0.0,
        vertical_flip: float = 0.0,
        quarter_turns: float = 0.0,
        elastic: float = 0.0,
        elastic_p: float = 0.0,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
        hue: float = 0.0,
        clahe: float = 1.0,
        clahe_p: float = 0.0,
        noise: float = 0.0,
        noise_p: float = 0.0,
        border: Literal["reflect", "edge", "black"] = "reflect",
        tta_views: int = 0,
        strict: bool = False,
        seed: int = 42,
    ) -> None:
        check_seed(seed)
        self.image_size_px, self.name, self.modality = image_size_px, name, modality
        self.rotation_deg, self.translate, self.scale = rotation_deg, translate, scale
        self.flip, self.vertical_flip, self.quarter_turns = flip, vertical_flip, quarter_turns
        self.crop_pad, self.elastic, self.elastic_p = crop_pad, elastic, elastic_p
        self.brightness, self.contrast = brightness, contrast
        self.saturation, self.hue = saturation, hue
        self.clahe, self.clahe_p, self.noise, self.noise_p = clahe, clahe_p, noise, noise_p
        self.border, self.tta_views, self.strict, self.seed = border, tta_views, strict, seed
        for key, (least, most) in BOUNDS.items():
            if not least <= getattr(self, key) <= most:
                raise MedsmallError(
                    f"augmentation.{key} must lie in [{least:g}, {most:g}], "
                    f"but is {getattr(self, key)}."
                )
        if border not in BORDERS:
            raise MedsmallError(
                f"augmentation.border must be one of {', '.join(BORDERS)}, but is {border!r}."
            )

    @property
    def reasons(self) -> dict[str, str]:
        """The reason for each value in conf/augmentation; {} for a policy of your own."""
        return reasons(self.name)

    def training(self) -> Pipeline:
        """First transforms that move pixels, then those that change their values, noise last."""
        return Pipeline([*self._geometry(), *self._values()])

    def plain(self) -> Pipeline:
        """Changes nothing."""
        return Pipeline([])

    def _geometry(self) -> list[Any]:
        """Flips and quarter turns are cheap; rotation, shift and size are one warp."""
        border: Any = BORDERS[self.border]
        moves: list[Any] = []
        if self.flip:
            moves.append(A.HorizontalFlip(p=self.flip))
        if self.vertical_flip:
            moves.append(A.VerticalFlip(p=self.vertical_flip))
        if self.quarter_turns:
            moves.append(A.RandomRotate90(p=self.quarter_turns))
        if self.crop_pad:
            cut = (-self.crop_pad, self.crop_pad)
            moves.append(A.CropAndPad(percent=cut, border_mode=border, p=1.0))
        if self.rotation_deg or self.translate or self.scale:
            moves.append(
                A.Affine(
                    rotate=(-self.rotation_deg, self.rotation_deg),
                    translate_percent=(-self.translate, self.translate),
                    scale=(1 - self.scale, 1 + self.scale),
                    keep_ratio=True,
                    border_mode=border,
                    p=1.0,
                )
            )
        if self.elastic and self.elastic_p:
            moves.append(Elastic((0.0, self.elastic), border, p=self.elastic_p))
        return moves

    def _values(self) -> list[Any]:
        changes: list[Any] = []
        if self.clahe_p:
            tiles = min(8, max(1, self.image_size_px // TILE_PX))
            changes.append(A.CLAHE((1.0, self.clahe), (tiles, tiles), p=self.clahe_p))
        if self.brightness or self.contrast or self.saturation or self.hue:
            changes.append(
                A.ColorJitter(self.brightness, self.contrast, self.saturation, self.hue, p=1.0)
            )
        if self.noise and self.noise_p:
            changes.append(
                A.GaussNoise(std_range=(0.0, self.noise), per_channel=False, p=self.noise_p)
            )
        return changes
