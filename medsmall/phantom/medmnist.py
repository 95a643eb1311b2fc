"""Generated images of MedMNIST's twelve data sets: small, plain, and told apart by their class.

Each drawing takes the released number of the class, gives a canvas of `SIDE` px or more and is
scaled down to the size asked for, as the release was.
"""

from collections.abc import Callable

import cv2
import numpy as np

from medsmall.phantom import chest, skin, thorax
from medsmall.phantom import medmnist_microscopy as microscopy
from medsmall.phantom import medmnist_scans as scans
from medsmall.phantom.drawing import Array

Rng = np.random.Generator

SIDE = 64  # at least; the chest films are drawn at 128 px
FINDINGS = [
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia",
    "Pneumothorax", "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening",
    "Hernia",
]  # fmt: skip


def image(flag: str, released: Array, side: int, rng: Rng) -> Array:
    """One image of the data set `flag`, uint8 (side, side) or (side, side, 3).

    `released` is its row of labels as in the release: one number, or one per finding.
    """
    drawn = DRAWINGS[flag](released, max(SIDE, side), rng)
    way = cv2.INTER_AREA if side < len(drawn) else cv2.INTER_LINEAR
    return cv2.resize(drawn, (side, side), interpolation=way)


def chest_film(released: Array, side: int, rng: Rng) -> Array:
    """A chest film with each finding marked by a 1."""
    seen = [finding for finding, there in zip(FINDINGS, released, strict=True) if there]
    pixels, _ = chest.chest(thorax.build(rng), seen, rng, int(rng.integers(1 << 31)))
    return pixels


def pneumonia(released: Array, side: int, rng: Rng) -> Array:
    """A chest film, with pneumonia where 1."""
    return chest_film(
        np.array([name == "Pneumonia" and released[0] for name in FINDINGS]), side, rng
    )


def lesion(released: Array, side: int, rng: Rng) -> Array:
    """A lesion of one of the seven classes of HAM10000, which has the same order."""
    kind, number = list(skin.LOOKS)[released[0]], int(rng.integers(1 << 31))
    return skin.dermoscopy(kind, skin.skin(rng), number, rng, (side, side))


DRAWINGS: dict[str, Callable[[Array, int, Rng], Array]] = {
    "pathmnist": microscopy.histology,
    "chestmnist": chest_film,
    "dermamnist": lesion,
    "octmnist": scans.oct_scan,
    "pneumoniamnist": pneumonia,
    "retinamnist": scans.retina,
    "breastmnist": scans.ultrasound,
    "bloodmnist": microscopy.blood,
    "tissuemnist": microscopy.kidney_cells,
    "organamnist": scans.organ(0),
    "organcmnist": scans.organ(1),
    "organsmnist": scans.organ(2),
}
