"""Generated images of MedMNIST under the microscope: tissue, blood and fluorescent cells.

Each drawing takes the released number of the class and gives uint8 (side, side) or (side, side, 3).
"""

import numpy as np

from medsmall.phantom.colour import around, canvas, develop, ellipse, paint, place
from medsmall.phantom.drawing import Array, cloud, grid

# Per class: ground colour, number of nuclei, their radius and stretch.
TISSUES = [
    ((0.93, 0.90, 0.93), 5, 0.03, 1.0), ((0.95, 0.94, 0.94), 0, 0.00, 1.0),
    ((0.83, 0.62, 0.72), 20, 0.03, 1.5), ((0.72, 0.58, 0.76), 60, 0.07, 1.0),
    ((0.80, 0.82, 0.90), 8, 0.04, 1.0), ((0.88, 0.55, 0.70), 18, 0.04, 4.0),
    ((0.82, 0.66, 0.80), 22, 0.10, 1.3), ((0.90, 0.70, 0.80), 20, 0.05, 2.5),
    ((0.66, 0.42, 0.62), 28, 0.13, 1.4),
]  # fmt: skip

# Per class: radius of the cell, its colour, lobes of the nucleus and their radius, granules.
BLOOD = [
    (0.55, (0.72, 0.60, 0.80), 2, 0.26, (0.25, 0.10, 0.40)),
    (0.58, (0.92, 0.72, 0.62), 2, 0.22, (0.90, 0.45, 0.30)),
    (0.42, (0.70, 0.62, 0.78), 1, 0.24, None),
    (0.66, (0.78, 0.70, 0.86), 1, 0.40, (0.55, 0.35, 0.60)),
    (0.42, (0.66, 0.70, 0.90), 1, 0.35, None),
    (0.66, (0.70, 0.70, 0.80), 2, 0.34, None),
    (0.58, (0.90, 0.80, 0.84), 4, 0.17, None),
    (0.20, (0.60, 0.45, 0.70), 0, 0.00, None),
]

# Per class of fluorescent cells: spots, their distance from the middle, radius and stretch.
KIDNEY = [
    (1, 0.0, 0.50, 1.0), (5, 0.5, 0.16, 1.0), (1, 0.0, 0.20, 1.0), (1, 0.0, 0.16, 4.0),
    (2, 0.3, 0.24, 1.0), (3, 0.4, 0.30, 1.0), (9, 0.7, 0.12, 1.0), (1, 0.0, 0.34, 2.2),
]  # fmt: skip


def histology(released: Array, side: int, rng: np.random.Generator) -> Array:
    """Stained tissue: the class decides its colour and how dense, large and long nuclei are."""
    ground, nuclei, radius, stretch = TISSUES[released[0]]
    x, y = grid(side, side)
    drawn = canvas((side, side), around(ground, 0.03, rng))
    drawn *= 1 + 0.05 * cloud(rng, (side, side), 8)[..., None]
    along = rng.uniform(0, np.pi)
    for _ in range(nuclei):
        radii = radius * np.sqrt(stretch), radius / np.sqrt(stretch)
        at, angle = place(rng), along + rng.normal(0, 0.25)
        paint(drawn, 0.85 * ellipse(x, y, at, radii, angle, 0.5), (0.36, 0.22, 0.52))
    return develop(drawn, 0.015, rng)


def blood(released: Array, side: int, rng: np.random.Generator) -> Array:
    """A stained white cell among red ones: size, colour, lobes and granules are of its class."""
    radius, colour, lobes, lobe, granules = BLOOD[released[0]]
    x, y = grid(side, side)
    drawn = canvas((side, side), around((0.95, 0.87, 0.80), 0.03, rng))
    for turn in rng.uniform(0, 2 * np.pi, 4):
        red = ellipse(x, y, (1.1 * np.cos(turn), 1.1 * np.sin(turn)), (0.33, 0.33), softness=0.15)
        paint(drawn, 0.8 * red, (0.88, 0.66, 0.62))
    at, size = place(rng, 0.08), radius * rng.uniform(0.9, 1.1)
    whole = ellipse(x, y, at, (size, size * rng.uniform(0.9, 1.1)), softness=0.15)
    paint(drawn, whole, around(colour, 0.04, rng))
    for turn in rng.uniform(0, 2 * np.pi) + np.arange(lobes) * 2 * np.pi / max(lobes, 1):
        away = 0.5 * size * (lobes > 1)
        centre = at[0] + away * np.cos(turn), at[1] + away * np.sin(turn)
        paint(drawn, ellipse(x, y, centre, (lobe, lobe), softness=0.25), (0.38, 0.20, 0.52))
    for _ in range(40 if granules else 0):
        near = place(rng, 0.8 * size)
        grain = ellipse(x, y, (at[0] + near[0], at[1] + near[1]), (0.05, 0.05), softness=0.5)
        paint(drawn, 0.9 * grain * whole, granules)
    return develop(drawn, 0.012, rng)


def kidney_cells(released: Array, side: int, rng: np.random.Generator) -> Array:
    """Fluorescent spots on black: how many, how large and how long is of the class."""
    spots, away, radius, stretch = KIDNEY[released[0]]
    x, y = grid(side, side)
    drawn, angle = np.zeros((side, side)), rng.uniform(0, 2 * np.pi)
    for turn in angle + np.arange(spots) * 2 * np.pi / spots:
        at = away * np.cos(turn) + rng.normal(0, 0.05), away * np.sin(turn) + rng.normal(0, 0.05)
        radii = radius * np.sqrt(stretch), radius / np.sqrt(stretch)
        spot = ellipse(x, y, at, radii, rng.uniform(0, np.pi), 1.2)
        drawn = np.maximum(drawn, rng.uniform(0.55, 0.95) * spot)
    return develop(drawn * (1 + 0.15 * cloud(rng, (side, side), 12)) + 0.05, 0.03, rng)
