"""Generated films: the drawing shared by the chest and bone phantoms.

An image is a float32 array of attenuation, about 0 (air) to 1 (metal), on which anatomy and
lesions are added; `expose` turns it into the uint8 pixels of a film. Coordinates run from -1 to 1
over the height (y down), and as far as the aspect ratio takes them over the width.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

Array = np.ndarray


@lru_cache(maxsize=64)
def grid(height: int, width: int) -> tuple[Array, Array]:
    """x and y of each pixel's centre, float32 (height, width); y in (-1, 1), pixels square."""
    y = (np.arange(height, dtype=np.float32) + 0.5) / height * 2 - 1
    x = ((np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1) * (width / height)
    return np.broadcast_to(x, (height, width)).copy(), np.repeat(y[:, None], width, axis=1)


def edge(inside: Array, softness: float) -> Array:
    """0 to 1 across the line `inside` = 0, a linear ramp `softness` wide."""
    return np.clip(inside / softness + 0.5, 0, 1)


def disc(x: Array, y: Array, at: tuple[float, float], radii: tuple[float, float]) -> Array:
    """Signed depth in an ellipse: 1 in its centre, 0 on its edge, negative outside."""
    return 1 - np.hypot((x - at[0]) / radii[0], (y - at[1]) / radii[1])


def stroke(x: Array, y: Array, start: tuple[float, float], end: tuple[float, float]) -> Array:
    """Distance from the straight segment `start` to `end`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = ((x - start[0]) * dx + (y - start[1]) * dy) / max(dx * dx + dy * dy, 1e-9)
    along = np.clip(along, 0, 1)
    return np.hypot(x - start[0] - along * dx, y - start[1] - along * dy)


def cloud(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> Array:
    """Smooth noise with `cells` bumps along an edge: float32 of `shape`, mean 0, deviation ~0.7."""
    coarse = rng.standard_normal((cells + 2, cells + 2), dtype=np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


@dataclass(frozen=True)
class Exposure:
    """How one patient's films come out, constant over follow-ups; a leak of it would show."""

    brightness: float
    contrast: float
    gamma: float
    grain: float
    texture: int
    texture_cells: int
    texture_strength: float
    marker: Array
    marker_at: tuple[float, float]


def exposure(rng: np.random.Generator) -> Exposure:
    """Draw the exposure of one patient: tone, grain, soft-tissue texture, lead marker."""
    return Exposure(
        brightness=rng.uniform(-0.06, 0.06),
        contrast=rng.uniform(0.8, 1.15),
        gamma=rng.uniform(0.8, 1.3),
        grain=rng.uniform(0.008, 0.03),
        texture=int(rng.integers(1 << 31)),
        texture_cells=int(rng.integers(5, 12)),
        texture_strength=rng.uniform(0.01, 0.03),
        marker=rng.random((3, 3)) < 0.5,
        marker_at=(rng.uniform(0.02, 0.86), rng.uniform(0.01, 0.04)),
    )


def expose(film: Array, style: Exposure, rng: np.random.Generator) -> Array:
    """The film's uint8 pixels, (H, W): texture, tone curve, grain and the patient's marker."""
    height, width = film.shape
    texture = cloud(np.random.default_rng(style.texture), film.shape, style.texture_cells)
    film = film + style.texture_strength * texture
    film = np.clip(0.5 + (film - 0.5) * style.contrast + style.brightness, 0, 1) ** style.gamma
    film = film + style.grain * rng.standard_normal(film.shape, dtype=np.float32)
    side = max(2, height // 42)
    marker = np.kron(style.marker, np.ones((side, side), dtype=bool))
    top, left = int(style.marker_at[1] * height), int(style.marker_at[0] * (width - 3 * side))
    film[top : top + 3 * side, left : left + 3 * side][marker] = 0.97
    return (np.clip(film, 0, 1) * 255 + 0.5).astype(np.uint8)
