"""Generated images of MedMNIST's eyes, breasts and organs: OCT, fundus, ultrasound and CT.

Each drawing takes the released number of the class and gives uint8 (side, side) or (side, side, 3).
"""

from collections.abc import Callable

import numpy as np

from medsmall.phantom.colour import Point, around, canvas, develop, ellipse, paint, place
from medsmall.phantom.drawing import Array, cloud, edge, grid, stroke

# Per organ: grey, height and width of what is seen, and the side the spine lies on.
ORGANS = [
    (0.45, 0.50, 0.60, 0), (0.90, 0.40, 0.40, 1), (0.90, 0.40, 0.40, -1), (0.60, 0.65, 0.60, 0),
    (0.68, 0.60, 0.35, 1), (0.68, 0.60, 0.35, -1), (0.56, 0.80, 0.95, -1), (0.08, 0.90, 0.55, 1),
    (0.08, 0.90, 0.55, -1), (0.52, 0.22, 0.85, 0), (0.62, 0.35, 0.60, 1),
]  # fmt: skip


def oct_scan(released: Array, side: int, rng: np.random.Generator) -> Array:
    """Layers of a retina: 0 bulge below (new vessels), 1 dark cysts, 2 small bumps, 3 neither."""
    x, y = grid(side, side)
    line = 0.1 * np.cos(x * rng.uniform(0.5, 2) + rng.uniform(0, 6)) + rng.uniform(-0.1, 0.2)
    middle = rng.uniform(-0.3, 0.3)
    if released[0] == 0:
        line = line - 0.35 * np.exp(-((x - middle) ** 2) / 0.08)
    if released[0] == 2:
        line = line - 0.09 * np.maximum(np.cos(14 * x + middle * 9), 0)
    inside = edge(line - y, 0.05) * edge(y - line + 0.6, 0.05)
    drawn = 0.08 + 0.35 * inside + 0.45 * edge(0.06 - np.abs(y - line), 0.05)
    for _ in range(5 if released[0] == 1 else 0):
        at = float(rng.uniform(-0.6, 0.6)), float(np.mean(line) - rng.uniform(0.2, 0.4))
        drawn = drawn - 0.3 * inside * ellipse(x, y, at, (0.14, 0.1), softness=0.3)
    return develop(drawn * (1 + 0.12 * cloud(rng, (side, side), 40)), 0.04, rng)


def retina(released: Array, side: int, rng: np.random.Generator) -> Array:
    """A fundus: more haemorrhages with each grade, exudates from grade 2, a veil at grade 4."""
    grade = int(released[0])
    x, y = grid(side, side)
    drawn = canvas((side, side), around((0.72, 0.36, 0.18), 0.03, rng))
    disc_at: Point = (float(rng.choice([-0.45, 0.45])), float(rng.uniform(-0.1, 0.1)))
    for _ in range(6):
        vessel = stroke(x, y, disc_at, place(rng))
        paint(drawn, 0.6 * edge(0.02 - vessel, 0.03), (0.45, 0.10, 0.08))
    paint(drawn, ellipse(x, y, disc_at, (0.17, 0.18), softness=0.3), (0.96, 0.80, 0.50))
    for _ in range(6 * grade):
        spot = ellipse(x, y, place(rng, 0.8), (0.05, 0.06), softness=0.5)
        paint(drawn, 0.9 * spot, (0.35, 0.03, 0.04))
    for _ in range(5 * max(0, grade - 1)):
        paint(drawn, ellipse(x, y, place(rng, 0.7), (0.05, 0.04)), (0.97, 0.90, 0.55))
    if grade == 4:
        veil = ellipse(x, y, place(rng, 0.4), (0.4, 0.25), rng.uniform(0, 3), 0.8)
        paint(drawn, 0.75 * veil, (0.30, 0.05, 0.05))
    paint(drawn, edge(np.hypot(x, y) - 0.95, 0.06), (0.01, 0.01, 0.01))
    return develop(drawn, 0.01, rng)


def ultrasound(released: Array, side: int, rng: np.random.Generator) -> Array:
    """Speckle and a dark mass: 0 upright, ragged, with a shadow; 1 flat and smooth, or none."""
    malignant = released[0] == 0
    x, y = grid(side, side)
    drawn = 0.45 + 0.08 * np.cos(5 * y + rng.uniform(0, 6)) + 0.06 * cloud(rng, (side, side), 6)
    at, size = place(rng, 0.35), rng.uniform(0.25, 0.4)
    if malignant:
        ragged = x + 0.07 * np.sin(11 * y + rng.uniform(0, 6))
        drawn = drawn - 0.35 * ellipse(ragged, y, at, (size * 0.75, size * 1.2), softness=0.4)
        shadow = edge(size * 0.6 - np.abs(x - at[0]), 0.1) * edge(y - at[1], 0.3)
        drawn = drawn - 0.22 * shadow
    elif rng.random() < 0.75:
        drawn = drawn - 0.35 * ellipse(x, y, at, (size * 1.3, size * 0.7), softness=0.12)
    return develop(drawn * (1 + 0.2 * rng.standard_normal((side, side))), 0.02, rng)


def organ(plane: int) -> Callable[[Array, int, np.random.Generator], Array]:
    """The drawing of one plane: 0 axial, 1 coronal (taller), 2 sagittal (no left or right)."""

    def ct(released: Array, side: int, rng: np.random.Generator) -> Array:
        """An organ in soft tissue, a bit of bone on the side where the spine is."""
        grey, height, width, spine = ORGANS[released[0]]
        x, y = grid(side, side)
        drawn = 0.38 + 0.04 * cloud(rng, (side, side), 7)
        bone = (0.85 * spine, 0.1) if spine and plane < 2 else (0.1, 0.85)
        drawn = drawn + 0.55 * ellipse(x, y, bone, (0.22, 0.26), softness=0.4)
        radii = width * (0.85 if plane == 1 else 1), height * (1.1 if plane == 1 else 1)
        whole = ellipse(x, y, place(rng, 0.12), radii, rng.normal(0, 0.2), 0.15)
        level = grey + rng.normal(0, 0.02) + 0.03 * cloud(rng, (side, side), 14)
        return develop(drawn + whole * (level - drawn), 0.02, rng)

    return ct
