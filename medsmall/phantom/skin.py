"""Generated dermoscopy: skin with hairs and a vignette, and a lesion whose class shows.

The classes are those of HAM10000; what is drawn of each is the gist of its dermoscopic criteria
(Tschandl et al., Scientific Data 2018), enough to be learnt and no more.
"""

from dataclasses import dataclass

import numpy as np

from medsmall.phantom.colour import Point, around, canvas, develop, ellipse, paint
from medsmall.phantom.drawing import Array, cloud, edge, grid, stroke

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """A kind of lesion; lengths are in units of its radius.

    Patches of a second colour may be one large (a scar, a veil) or many small (cysts, scales).
    """

    colour: Colour
    patch_colour: Colour
    patches: int
    patch_radius: float
    irregularity: float
    softness: float
    network: float


LOOKS = {
    "akiec": Look((0.80, 0.40, 0.35), (0.96, 0.90, 0.84), 10, 0.13, 0.22, 0.60, 0.00),
    "bcc": Look((0.90, 0.58, 0.56), (0.33, 0.34, 0.45), 4, 0.17, 0.14, 0.35, 0.00),
    "bkl": Look((0.58, 0.43, 0.26), (0.90, 0.82, 0.60), 14, 0.08, 0.12, 0.06, 0.00),
    "df": Look((0.64, 0.44, 0.35), (0.95, 0.87, 0.83), 1, 0.42, 0.05, 0.50, 0.10),
    "mel": Look((0.26, 0.16, 0.13), (0.36, 0.39, 0.52), 3, 0.34, 0.30, 0.12, 0.12),
    "nv": Look((0.47, 0.29, 0.18), (0.37, 0.21, 0.13), 1, 0.45, 0.06, 0.25, 0.20),
    "vasc": Look((0.66, 0.10, 0.16), (0.36, 0.05, 0.22), 6, 0.24, 0.10, 0.08, 0.00),
}


@dataclass(frozen=True)
class Skin:
    """What one patient's images have in common."""

    tone: Colour
    hairs: int
    hair_colour: Colour
    vignette: float


def skin(rng: np.random.Generator) -> Skin:
    """Draw one patient's skin: tone from light pink to brown, hairs for a third, the lens' rim."""
    brown = rng.beta(1.2, 3.0)
    tone = np.array([0.93, 0.74, 0.68]) - brown * np.array([0.38, 0.38, 0.40])
    dark = rng.uniform(0.05, 0.3)
    return Skin(
        tone=around(tone, 0.03, rng),
        hairs=int(rng.integers(4, 16)) if rng.random() < 0.35 else 0,
        hair_colour=(dark * 1.3, dark, dark * 0.8),
        vignette=rng.uniform(0.3, 1.0) if rng.random() < 0.4 else 0.0,
    )


def dermoscopy(
    kind: str, body: Skin, lesion: int, rng: np.random.Generator, shape: tuple[int, int] = (96, 128)
) -> Array:
    """One image, uint8 RGB (*shape, 3), of a lesion of `kind`, one of LOOKS.

    `lesion` seeds its form and colours, the same in all its images; `rng` is the image's own
    (where the lens was held, light, hairs).
    """
    x, y = grid(*shape)
    image = canvas(shape, np.array(body.tone) * rng.uniform(0.93, 1.05))
    image *= 1 + 0.035 * cloud(rng, shape, 9)[..., None]
    turn, zoom = rng.uniform(0, 2 * np.pi), rng.uniform(0.88, 1.12)
    at_x, at_y = rng.uniform(-0.15, 0.15, 2)
    dx, dy = zoom * (x - at_x), zoom * (y - at_y)
    cos, sin = np.cos(turn), np.sin(turn)
    _lesion(image, cos * dx + sin * dy, cos * dy - sin * dx, LOOKS[kind], lesion)
    if body.vignette:
        rim = edge(np.hypot(x, y) - 1.25 + 0.1 * body.vignette, 0.5)
        paint(image, rim * body.vignette, (0.03, 0.02, 0.03))
    for _ in range(body.hairs):
        start, end = rng.uniform(-1.3, 1.3, 2), rng.uniform(-1.3, 1.3, 2)
        bent = x + 0.15 * np.sin(2 * y + rng.uniform(0, 6))
        hair = stroke(bent, y, (start[0], start[1]), (end[0], end[1]))
        paint(image, 0.8 * edge(rng.uniform(0.006, 0.014) - hair, 0.02), body.hair_colour)
    return develop(image, rng.uniform(0.01, 0.02), rng)


def _lesion(image: Array, x: Array, y: Array, look: Look, seed: int) -> None:
    """Paint a lesion around the origin of the coordinates `x`, `y`."""
    rng = np.random.default_rng([seed, 11])
    radius, stretch = rng.uniform(0.32, 0.62), rng.uniform(0.8, 1.25)
    angle = np.arctan2(y, x)
    waves = [np.cos(k * angle + rng.uniform(0, 6)) * rng.uniform(0.3, 1) / k for k in range(2, 7)]
    rim = radius * (1 + look.irregularity * np.sum(waves, axis=0))
    whole = edge(1 - np.hypot(x * stretch, y / stretch) / rim, look.softness)
    paint(image, 0.92 * whole, around(look.colour, 0.05, rng))
    if look.network:
        mesh = np.maximum(np.cos(24 * x + 2 * y), np.cos(24 * y - 2 * x))
        image *= 1 - look.network * (whole * np.maximum(mesh, 0))[..., None]
    for _ in range(look.patches):
        far = 0.15 if look.patches == 1 else 0.75
        away, place = radius * far * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        at: Point = (away * np.cos(place), away * np.sin(place))
        size = radius * look.patch_radius * rng.uniform(0.7, 1.3)
        patch = ellipse(x, y, at, (size, size * rng.uniform(0.7, 1.4)), place, 0.5)
        paint(image, 0.85 * patch * whole, around(look.patch_colour, 0.04, rng))
