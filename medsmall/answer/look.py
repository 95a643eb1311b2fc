"""How an image looks, in a few dozen numbers, and how unfamiliar that is.

The numbers are grey means on a coarse grid, the share of each grey level, how much neighbours
differ, and colour. No image can be drawn from their mean and covariance, so a model may carry
those. The distance from them is that of Mahalanobis. It is held against the distances of images of
training patients who were left out of the fit: of images like these, no more than a share `p` are
as far (conformal anomaly detection: Laxhammar and Falkman, Ann Math Artif Intell 2015).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

GRID, LEVELS = 8, 16
RARE = 0.01  # of familiar images, at most this share is called unfamiliar
FEWEST = 10  # images of other patients whose distances are known
Floats = NDArray[np.float64]


def look(pixels: np.ndarray) -> NDArray[np.float16]:
    """The numbers (F,) of a uint8 image (S, S, C), C 1 or 3."""
    colour = pixels.astype(np.int16)
    grey = colour[..., 0] if colour.shape[2] == 1 else (colour @ np.array([77, 150, 29])) >> 8
    if len(grey) < GRID:
        return look(pixels.repeat(GRID, axis=0).repeat(GRID, axis=1))
    edge = len(grey) // GRID
    start = (len(grey) - GRID * edge) // 2
    inner = grey[start : start + GRID * edge, start : start + GRID * edge]
    layout = inner.reshape(GRID, edge, GRID, edge).mean((1, 3)) / 255
    levels = np.bincount((grey >> 4).ravel(), minlength=LEVELS) / grey.size
    coarse = inner[: 2 * (len(inner) // 2) : 2, : 2 * (len(inner) // 2) : 2]
    steps = [np.abs(np.diff(one, axis=axis)).mean() for one in (grey, coarse) for axis in (0, 1)]
    hues = np.zeros(2)
    if colour.shape[2] == 3:
        red, green, blue = colour.reshape(-1, 3).mean(0) / 255
        hues = np.array([red - green, green - blue])
    numbers = [layout.ravel(), np.sqrt(levels), np.log1p(steps), hues]
    return np.concatenate(numbers).astype(np.float16)


@dataclass(frozen=True, eq=False)
class Familiar:
    """What the images of a training look like.

    Attributes:
        mean, scale: (F,), of each number.
        precision: (F, F), the inverse covariance of the numbers, standardised.
        distances: (n,) rising, of images whose patients were left out.
    """

    mean: Floats
    scale: Floats
    precision: Floats
    distances: Floats

    def distance(self, looks: np.ndarray) -> Floats:
        """From the mean, for looks (M, F): (M,)."""
        z = (np.asarray(looks, float) - self.mean) / self.scale
        return np.sqrt(np.maximum(np.einsum("mf,fg,mg->m", z, self.precision, z), 0.0))

    def p(self, looks: np.ndarray) -> Floats:
        """The share of familiar images, those looks included, that are at least as far: (M,)."""
        farther = len(self.distances) - np.searchsorted(self.distances, self.distance(looks))
        return (1 + farther) / (1 + len(self.distances))

    def is_rare(self, p: float) -> bool:
        """Whether a `p` is at most RARE, or that of an image farther than all of a few."""
        return p <= max(RARE, 1 / (1 + len(self.distances)))

    def as_json(self) -> dict[str, Any]:
        """Lists of numbers, as `of_json` reads them."""
        return {name: np.round(value, 9).tolist() for name, value in vars(self).items()}

    @classmethod
    def of_json(cls, content: dict[str, Any]) -> "Familiar":
        """What `as_json` gave."""
        return cls(**{name: np.array(value, float) for name, value in content.items()})
