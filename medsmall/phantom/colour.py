"""Drawing in colour, shared by the phantoms of skin, of cells and of MedMNIST.

A canvas is a float32 array (H, W, 3) of RGB, a mask a float array (H, W), both from 0 to 1.
Coordinates are those of `medsmall.phantom.drawing.grid`.
"""

from collections.abc import Sequence

import numpy as np

from medsmall.phantom.drawing import Array, disc, edge

Point = tuple[float, float]
Colour = Sequence[float] | Array


def canvas(shape: tuple[int, int], colour: Colour) -> Array:
    """A canvas of `shape` (height, width) in one colour."""
    return np.tile(np.asarray(colour, dtype=np.float32), (*shape, 1))


def ellipse(
    x: Array, y: Array, at: Point, radii: Point, angle: float = 0.0, softness: float = 0.2
) -> Array:
    """The mask of an ellipse turned by `angle` (radians); its rim is `softness` of its radius."""
    dx, dy = x - at[0], y - at[1]
    cos, sin = np.cos(angle), np.sin(angle)
    return edge(disc(cos * dx + sin * dy, cos * dy - sin * dx, (0, 0), radii), softness)


def paint(on: Array, mask: Array, colour: Colour) -> None:
    """Lay `colour` over the canvas `on`, as opaque as `mask` says."""
    on += mask[..., None].astype(np.float32) * (np.asarray(colour, dtype=np.float32) - on)


def develop(drawn: Array, grain: float, rng: np.random.Generator) -> Array:
    """The canvas, or a grey one (H, W), as uint8 of its shape.

    `grain` (deviation, 0 to 1) is that of a sensor.
    """
    noise = grain * rng.standard_normal(drawn.shape, dtype=np.float32)
    return (np.clip(drawn.astype(np.float32) + noise, 0, 1) * 255 + 0.5).astype(np.uint8)


def around(middle: Colour, spread: float, rng: np.random.Generator) -> tuple[float, float, float]:
    """A colour near `middle`: each channel up to `spread` away."""
    red, green, blue = np.asarray(middle) + rng.uniform(-spread, spread, 3)
    return float(red), float(green), float(blue)


def place(rng: np.random.Generator, within: float = 1.0) -> Point:
    """A point up to `within` from the middle, along each axis."""
    return float(rng.uniform(-within, within)), float(rng.uniform(-within, within))
