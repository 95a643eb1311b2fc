"""Numbers that describe the texture of an image: radiomics without a network."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from omegaconf import DictConfig

from medsmall.errors import MedsmallError
from medsmall.targets import Targets
from medsmall.texture.glcm import glcm
from medsmall.texture.moments import moments
from medsmall.texture.patterns import CELLS, hog, lbp

if TYPE_CHECKING:  # seconds to import
    import pandas as pd
    from torch import Tensor
    from torch.utils.data import DataLoader

    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.record import Record

OF = "1"  # raised when numbers change, so that kept ones are computed again
LUMINANCE = (0.2125, 0.7154, 0.0721)  # red, green, blue; ITU-R BT.709, as in scikit-image
SMALLEST = 16  # px


@dataclass(frozen=True)
class Texture:
    """Of the grey levels of each view, colour images by their luminance.

    Args:
        radiomics: the 79 of Romero et al., Medical Physics 2020: 72 of the co-occurrence of grey
            levels, six moments and the entropy.
        lbp: 10 shares of local binary patterns.
        hog: 128 of oriented gradients.
    """

    radiomics: bool
    lbp: bool
    hog: bool
    ignores: ClassVar[frozenset[str]] = frozenset({"backbone", "pretraining"})
    network: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not (self.radiomics or self.lbp or self.hog):
            raise MedsmallError(
                "features.radiomics, features.lbp and features.hog are all false: set one to true."
            )

    def check(self, cfg: DictConfig, targets: Targets, side: int, learner: str) -> None:
        """Check that the images are large enough."""
        if side < SMALLEST:
            raise MedsmallError(
                f"Texture needs images of {SMALLEST} px or more, but the views have {side} px."
            )

    def columns_of(self, table: "pd.DataFrame", targets: Sequence[str]) -> list[str]:
        """See `medsmall.features.Features`."""
        return []

    def work(self, image: np.ndarray) -> None:
        """Compute those of one view."""
        self.computed(image)

    def of(self, case: "Case", data: "DrawnImages") -> "OfTexture":
        """Those of a run."""
        return OfTexture(self, case.cfg)

    def computed(self, image: np.ndarray) -> np.ndarray:
        """Float64 (F,) of an image uint8 (H, W)."""
        kinds = [
            *([glcm, moments] if self.radiomics else []),
            *([lbp] if self.lbp else []),
            *([hog] if self.hog else []),
        ]
        return np.concatenate([of(image) for of in kinds])


class OfTexture:
    """See `medsmall.features.Described`."""

    initial_sha256 = None
    own_units = None

    def __init__(self, kind: Texture, cfg: DictConfig) -> None:
        from medsmall.features.kept import Kept

        self.kind = kind
        versions = [OF, version("numpy"), version("scikit-image"), CELLS]
        digest = hashlib.sha256(repr([kind, versions]).encode()).hexdigest()[:12]
        self.kept = Kept(cfg, f"texture-{digest}", self._computed)

    @property
    def machine(self) -> dict[str, Any]:
        """The CPU."""
        return {"device": "cpu"}

    def features(self, loader: "DataLoader") -> np.ndarray:
        """float32 (N, F)."""
        return self.kept.features(loader)

    def save(self, record: "Record", about: dict[str, str]) -> str:
        """Nothing: the config says how they are computed."""
        return ""

    def _computed(self, images: "Tensor") -> np.ndarray:
        rows = [self.kind.computed(image) for image in map(grey, images.numpy())]
        return np.array(rows, dtype=np.float32)


def grey(image: np.ndarray) -> np.ndarray:
    """An image uint8 (C, H, W), C 1 or 3, as grey levels uint8 (H, W)."""
    if len(image) == 1 or ((image[0] == image[1]).all() and (image[0] == image[2]).all()):
        return image[0]
    levels: np.ndarray = np.tensordot(LUMINANCE, image, 1).round().astype(np.uint8)
    return levels
