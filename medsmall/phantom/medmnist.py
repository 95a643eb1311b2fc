"""Generated images of MedMNIST's twelve data sets: small, plain, and told apart by their class.

Each drawing takes the released number of the class, gives a canvas of `SIDE` px or more and is
scaled down to the size asked for, as the release was.
"""

from collections.abc import Callable

import cv2
import numpy as np

from medsmall.phantom import chest, skin, thorax
from medsmall.phantom.colour import Point, around, canvas, develop, ellipse, paint
from medsmall.phantom.drawing import Array, cloud, edge, grid, stroke

Rng = np.random.Generator

SIDE = 64  # at least; the chest films are drawn at 128 px
FINDINGS = [
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia",
    "Pneumothorax", "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening",
    "Hernia",
]  # fmt: skip

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

# Per organ: grey, height and width of what is seen, and the side the spine lies on.
ORGANS = [
    (0.45, 0.50, 0.60, 0), (0.90, 0.40, 0.40, 1), (0.90, 0.40, 0.40, -1), (0.60, 0.65, 0.60, 0),
    (0.68, 0.60, 0.35, 1), (0.68, 0.60, 0.35, -1), (0.56, 0.80, 0.95, -1), (0.08, 0.90, 0.55, 1),
    (0.08, 0.90, 0.55, -1), (0.52, 0.22, 0.85, 0), (0.62, 0.35, 0.60, 1),
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


def histology(released: Array, side: int, rng: Rng) -> Array:
    """Stained tissue: the class decides its colour and how dense, large and long nuclei are."""
    ground, nuclei, radius, stretch = TISSUES[released[0]]
    x, y = grid(side, side)
    drawn = canvas((side, side), around(ground, 0.03, rng))
    drawn *= 1 + 0.05 * cloud(rng, (side, side), 8)[..., None]
    along = rng.uniform(0, np.pi)
    for _ in range(nuclei):
        radii = radius * np.sqrt(stretch), radius / np.sqrt(stretch)
        at, angle = _place(rng), along + rng.normal(0, 0.25)
        paint(drawn, 0.85 * ellipse(x, y, at, radii, angle, 0.5), (0.36, 0.22, 0.52))
    return develop(drawn, 0.015, rng)


def oct_scan(released: Array, side: int, rng: Rng) -> Array:
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
    return _grey(drawn * (1 + 0.12 * cloud(rng, (side, side), 40)), 0.04, rng)


def retina(released: Array, side: int, rng: Rng) -> Array:
    """A fundus: more haemorrhages with each grade, exudates from grade 2, a veil at grade 4."""
    grade = int(released[0])
    x, y = grid(side, side)
    drawn = canvas((side, side), around((0.72, 0.36, 0.18), 0.03, rng))
    disc_at: Point = (float(rng.choice([-0.45, 0.45])), float(rng.uniform(-0.1, 0.1)))
    for _ in range(6):
        vessel = stroke(x, y, disc_at, _place(rng))
        paint(drawn, 0.6 * edge(0.02 - vessel, 0.03), (0.45, 0.10, 0.08))
    paint(drawn, ellipse(x, y, disc_at, (0.17, 0.18), softness=0.3), (0.96, 0.80, 0.50))
    for _ in range(6 * grade):
        spot = ellipse(x, y, _place(rng, 0.8), (0.05, 0.06), softness=0.5)
        paint(drawn, 0.9 * spot, (0.35, 0.03, 0.04))
    for _ in range(5 * max(0, grade - 1)):
        paint(drawn, ellipse(x, y, _place(rng, 0.7), (0.05, 0.04)), (0.97, 0.90, 0.55))
    if grade == 4:
        veil = ellipse(x, y, _place(rng, 0.4), (0.4, 0.25), rng.uniform(0, 3), 0.8)
        paint(drawn, 0.75 * veil, (0.30, 0.05, 0.05))
    paint(drawn, edge(np.hypot(x, y) - 0.95, 0.06), (0.01, 0.01, 0.01))
    return develop(drawn, 0.01, rng)


def ultrasound(released: Array, side: int, rng: Rng) -> Array:
    """Speckle and a dark mass: 0 upright, ragged, with a shadow; 1 flat and smooth, or none."""
    malignant = released[0] == 0
    x, y = grid(side, side)
    drawn = 0.45 + 0.08 * np.cos(5 * y + rng.uniform(0, 6)) + 0.06 * cloud(rng, (side, side), 6)
    at, size = _place(rng, 0.35), rng.uniform(0.25, 0.4)
    if malignant:
        ragged = x + 0.07 * np.sin(11 * y + rng.uniform(0, 6))
        drawn = drawn - 0.35 * ellipse(ragged, y, at, (size * 0.75, size * 1.2), softness=0.4)
        shadow = edge(size * 0.6 - np.abs(x - at[0]), 0.1) * edge(y - at[1], 0.3)
        drawn = drawn - 0.22 * shadow
    elif rng.random() < 0.75:
        drawn = drawn - 0.35 * ellipse(x, y, at, (size * 1.3, size * 0.7), softness=0.12)
    return _grey(drawn * (1 + 0.2 * rng.standard_normal((side, side))), 0.02, rng)


def blood(released: Array, side: int, rng: Rng) -> Array:
    """A stained white cell among red ones: size, colour, lobes and granules are of its class."""
    radius, colour, lobes, lobe, granules = BLOOD[released[0]]
    x, y = grid(side, side)
    drawn = canvas((side, side), around((0.95, 0.87, 0.80), 0.03, rng))
    for turn in rng.uniform(0, 2 * np.pi, 4):
        red = ellipse(x, y, (1.1 * np.cos(turn), 1.1 * np.sin(turn)), (0.33, 0.33), softness=0.15)
        paint(drawn, 0.8 * red, (0.88, 0.66, 0.62))
    at, size = _place(rng, 0.08), radius * rng.uniform(0.9, 1.1)
    whole = ellipse(x, y, at, (size, size * rng.uniform(0.9, 1.1)), softness=0.15)
    paint(drawn, whole, around(colour, 0.04, rng))
    for turn in rng.uniform(0, 2 * np.pi) + np.arange(lobes) * 2 * np.pi / max(lobes, 1):
        away = 0.5 * size * (lobes > 1)
        centre = at[0] + away * np.cos(turn), at[1] + away * np.sin(turn)
        paint(drawn, ellipse(x, y, centre, (lobe, lobe), softness=0.25), (0.38, 0.20, 0.52))
    for _ in range(40 if granules else 0):
        near = _place(rng, 0.8 * size)
        grain = ellipse(x, y, (at[0] + near[0], at[1] + near[1]), (0.05, 0.05), softness=0.5)
        paint(drawn, 0.9 * grain * whole, granules)
    return develop(drawn, 0.012, rng)


def kidney_cells(released: Array, side: int, rng: Rng) -> Array:
    """Fluorescent spots on black: how many, how large and how long is of the class."""
    spots, away, radius, stretch = KIDNEY[released[0]]
    x, y = grid(side, side)
    drawn, angle = np.zeros((side, side)), rng.uniform(0, 2 * np.pi)
    for turn in angle + np.arange(spots) * 2 * np.pi / spots:
        at = away * np.cos(turn) + rng.normal(0, 0.05), away * np.sin(turn) + rng.normal(0, 0.05)
        radii = radius * np.sqrt(stretch), radius / np.sqrt(stretch)
        spot = ellipse(x, y, at, radii, rng.uniform(0, np.pi), 1.2)
        drawn = np.maximum(drawn, rng.uniform(0.55, 0.95) * spot)
    return _grey(drawn * (1 + 0.15 * cloud(rng, (side, side), 12)) + 0.05, 0.03, rng)


def _organ(plane: int) -> Callable[[Array, int, Rng], Array]:
    """The drawing of one plane: 0 axial, 1 coronal (taller), 2 sagittal (no left or right)."""

    def ct(released: Array, side: int, rng: Rng) -> Array:
        """An organ in soft tissue, a bit of bone on the side where the spine is."""
        grey, height, width, spine = ORGANS[released[0]]
        x, y = grid(side, side)
        drawn = 0.38 + 0.04 * cloud(rng, (side, side), 7)
        bone = (0.85 * spine, 0.1) if spine and plane < 2 else (0.1, 0.85)
        drawn = drawn + 0.55 * ellipse(x, y, bone, (0.22, 0.26), softness=0.4)
        radii = width * (0.85 if plane == 1 else 1), height * (1.1 if plane == 1 else 1)
        whole = ellipse(x, y, _place(rng, 0.12), radii, rng.normal(0, 0.2), 0.15)
        level = grey + rng.normal(0, 0.02) + 0.03 * cloud(rng, (side, side), 14)
        return _grey(drawn + whole * (level - drawn), 0.02, rng)

    return ct


def _place(rng: Rng, within: float = 1.0) -> Point:
    return float(rng.uniform(-within, within)), float(rng.uniform(-within, within))


def _grey(drawn: Array, grain: float, rng: Rng) -> Array:
    return develop(drawn.astype(np.float32), grain, rng)


DRAWINGS: dict[str, Callable[[Array, int, Rng], Array]] = {
    "pathmnist": histology,
    "chestmnist": chest_film,
    "dermamnist": lesion,
    "octmnist": oct_scan,
    "pneumoniamnist": pneumonia,
    "retinamnist": retina,
    "breastmnist": ultrasound,
    "bloodmnist": blood,
    "tissuemnist": kidney_cells,
    "organamnist": _organ(0),
    "organcmnist": _organ(1),
    "organsmnist": _organ(2),
}
