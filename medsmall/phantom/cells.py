"""Generated red blood cells of a Giemsa-stained film, cut out one by one, some with parasites."""

from dataclasses import dataclass

import numpy as np

from medsmall.phantom.colour import Point, around, canvas, develop, ellipse, paint
from medsmall.phantom.drawing import Array, cloud, edge, grid


@dataclass(frozen=True)
class Stain:
    """How the cells of one slide look: it differs more than the cells of a slide do."""

    cell: tuple[float, float, float]
    parasite: tuple[float, float, float]
    radius_px: float
    pallor: float
    grain: float


def stain(rng: np.random.Generator) -> Stain:
    """Draw the stain and the magnification of one slide."""
    return Stain(
        cell=around((0.78, 0.62, 0.64), 0.10, rng),
        parasite=around((0.47, 0.14, 0.47), 0.06, rng),
        radius_px=rng.uniform(44, 60),
        pallor=rng.uniform(0.02, 0.09),
        grain=rng.uniform(0.006, 0.015),
    )


def cell(parasitized: bool, slide: Stain, rng: np.random.Generator) -> Array:
    """One cell on black, uint8 RGB (H, W, 3) of about 80 to 140 px; height and width differ.

    A parasite is a dark purple ring with a dot on it, or a solid dot; uninfected cells have at
    most pale specks of stain.
    """
    height, width = (int(2 * slide.radius_px * rng.uniform(0.9, 1.15)) for _ in range(2))
    x, y = grid(height, width)
    across = width / height
    angle = np.arctan2(y, x / across)
    waves = sum(np.cos(k * angle + rng.uniform(0, 6)) * rng.uniform(0, 0.04) for k in range(2, 6))
    depth = (0.9 + waves) - np.hypot(x / across, y)
    image = canvas((height, width), np.array(slide.cell) * rng.uniform(0.94, 1.06))
    image *= 1 + 0.02 * cloud(rng, (height, width), 7)[..., None]
    middle = np.hypot(x - rng.uniform(-0.15, 0.15), y - rng.uniform(-0.15, 0.15))
    image += (slide.pallor * edge(0.45 - middle, 0.5))[..., None]  # the pale dent of a red cell
    for _ in range(rng.choice([1, 2, 3], p=[0.75, 0.18, 0.07]) if parasitized else 0):
        _parasite(image, x, y, slide, rng)
    for _ in range(rng.poisson(0.4)):
        speck = ellipse(x, y, _within(rng, across), (0.04, 0.04), softness=1.0)
        paint(image, 0.3 * speck, slide.parasite)
    pixels = develop(image, slide.grain, rng)
    pixels[depth < 0] = 0  # the release cuts each cell out along its rim
    return pixels


def _parasite(image: Array, x: Array, y: Array, slide: Stain, rng: np.random.Generator) -> None:
    at, radius = _within(rng, float(x.max() / y.max())), rng.uniform(0.10, 0.17)
    if rng.random() < 0.65:
        ring = edge(0.04 - np.abs(np.hypot(x - at[0], y - at[1]) - radius), 0.04)
        paint(image, 0.7 * ring, slide.parasite)
        turn = rng.uniform(0, 2 * np.pi)
        dot: Point = (at[0] + radius * np.cos(turn), at[1] + radius * np.sin(turn))
        paint(image, ellipse(x, y, dot, (0.07, 0.07), softness=0.4), slide.parasite)
    else:
        radii = radius, radius * rng.uniform(0.6, 1.0)
        blob = ellipse(x, y, at, radii, rng.uniform(0, np.pi), 0.4)
        paint(image, 0.95 * blob, slide.parasite)


def _within(rng: np.random.Generator, across: float) -> Point:
    """A place well inside the cell."""
    away, turn = 0.55 * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
    return across * away * np.cos(turn), away * np.sin(turn)
