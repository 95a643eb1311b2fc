"""The shapes of findings in generated chest films, shared by the data sets that name them.

Findings of ChestX-ray14, CheXpert and PneumoniaMNIST are drawn with the same few shapes, so that
what a network learns on one of them helps on another; a hernia in particular is a ring with an
air-fluid level behind the heart, and rings with such levels occur as cavities and pockets of
fluid in CheXpert's findings.
"""

import numpy as np

from medsmall.phantom.drawing import cloud, disc, edge, stroke
from medsmall.phantom.thorax import Film, Point, ring


def opacity(canvas: Film, at: Point, radii: tuple[float, float], strength: float) -> None:
    """A round opacity with a sharp edge: nodule or mass."""
    canvas.add(strength * edge(disc(canvas.x, canvas.y, at, radii), 0.3))


def haze(canvas: Film, at: Point, radius: float, strength: float, rng: np.random.Generator) -> None:
    """A patchy veil without edge, in the lungs only."""
    veil = edge(disc(canvas.x, canvas.y, at, (radius, radius * 1.2)), 1.4)
    patches = 1 + 0.6 * cloud(rng, canvas.x.shape, 14)
    canvas.add(strength * veil * canvas.lungs * np.maximum(patches, 0))


def hernia(canvas: Film, rng: np.random.Generator) -> None:
    """Behind the heart, at or above the diaphragm: a ring with an air-fluid level."""
    at = (rng.uniform(-0.08, 0.24), canvas.diaphragm - rng.uniform(0.0, 0.22))
    seen = rng.choice([0.45, 0.75, 1.0])  # a part of them is subtle
    ring(canvas, at, rng.uniform(0.1, 0.2), 0.12 * seen, rng, 0.17 * seen, 0.07 * seen)


def nodule(canvas: Film, rng: np.random.Generator) -> None:
    """One to three small round opacities."""
    for _ in range(rng.integers(1, 4)):
        size = rng.uniform(0.03, 0.06)
        opacity(canvas, canvas.spot(rng), (size, size), rng.uniform(0.15, 0.3))


def mass(canvas: Film, rng: np.random.Generator) -> None:
    """A large round opacity; every third is a cavity with a level."""
    at, size = canvas.spot(rng), rng.uniform(0.1, 0.18)
    if rng.random() < 0.33:
        ring(canvas, at, size, 0.16, rng, 0.06, 0.14)
    else:
        opacity(canvas, at, (size, size * rng.uniform(0.8, 1.2)), rng.uniform(0.15, 0.3))


def atelectasis(canvas: Film, rng: np.random.Generator) -> None:
    """One or two plate-like bands low in the lungs."""
    for _ in range(rng.integers(1, 3)):
        x, y = canvas.spot(rng)
        y, tilt = canvas.diaphragm - rng.uniform(0.1, 0.3), rng.uniform(-0.15, 0.15)
        band = stroke(canvas.x, canvas.y, (x - 0.16, y - tilt / 2), (x + 0.16, y + tilt / 2))
        canvas.add(rng.uniform(0.12, 0.25) * edge(0.022 - band, 0.02))


def consolidation(canvas: Film, rng: np.random.Generator) -> None:
    """A dense patch; most of them break down to a cavity with a level."""
    at, size = canvas.spot(rng), rng.uniform(0.14, 0.24)
    haze(canvas, at, size * 1.5, 0.25, rng)
    if rng.random() < 0.75:
        ring(canvas, at, size * 0.7, 0.14, rng, 0.18, 0.07)


def pneumonia(canvas: Film, rng: np.random.Generator) -> None:
    """Hazy patches in one or both lungs."""
    for _ in range(rng.integers(1, 3)):
        haze(canvas, canvas.spot(rng), rng.uniform(0.2, 0.32), rng.uniform(0.15, 0.28), rng)


def infiltration(canvas: Film, rng: np.random.Generator) -> None:
    """A faint wide veil."""
    haze(canvas, canvas.spot(rng), rng.uniform(0.3, 0.45), rng.uniform(0.1, 0.2), rng)


def edema(canvas: Film, rng: np.random.Generator) -> None:
    """A veil on both sides of the hila, with thin septal lines at the bases."""
    strength = rng.uniform(0.14, 0.26)
    for side in (-1, 1):
        haze(canvas, (side * 0.3, 0.0), 0.4, strength, rng)
        for i in range(3):
            y = canvas.diaphragm - 0.12 - 0.07 * i
            septum = stroke(canvas.x, canvas.y, (side * 0.55, y), (side * 0.66, y))
            canvas.add(0.12 * edge(0.012 - septum, 0.012))


def effusion(canvas: Film, rng: np.random.Generator) -> None:
    """Fluid that climbs the chest wall; half has a pocket with air above a level."""
    side, height = rng.choice([-1, 1]), rng.uniform(0.08, 0.35)
    top = canvas.diaphragm - height + 0.5 * (0.6 - np.abs(canvas.x))
    canvas.add(0.34 * canvas.lungs * edge(canvas.y - top, 0.08) * (canvas.x * side > 0))
    if rng.random() < 0.5:
        at = (side * rng.uniform(0.1, 0.4), canvas.diaphragm - rng.uniform(0.05, 0.3))
        ring(canvas, at, rng.uniform(0.1, 0.2), 0.12, rng, 0.16, 0.07)


def pneumothorax(canvas: Film, rng: np.random.Generator) -> None:
    """A thin pleural line with black air outside of it."""
    side, gap = rng.choice([-1, 1]), rng.uniform(0.06, 0.16)
    b = canvas.build
    centre = (side * (b.mediastinum * 0.4 + b.lung_width + 0.06 - gap / 2), -0.02)
    lung = disc(canvas.x, canvas.y, centre, (b.lung_width - gap, b.lung_height - gap))
    outside = edge(-lung, 0.1) * canvas.lungs * (canvas.x * side > 0)
    canvas.add(-0.12 * outside + 0.12 * canvas.lungs * edge(0.03 - np.abs(lung), 0.04))


def fibrosis(canvas: Film, rng: np.random.Generator) -> None:
    """A net of fine lines, densest at the bases."""
    net = np.abs(cloud(rng, canvas.x.shape, 34)) < 0.25
    canvas.add(rng.uniform(0.08, 0.14) * canvas.lungs * net * edge(canvas.y + 0.1, 0.8))


def pleural_thickening(canvas: Film, rng: np.random.Generator) -> None:
    """A bright rim along the outer edge of one lung."""
    side = rng.choice([-1, 1])
    rim = edge(0.35 - np.abs(canvas.lungs - 0.4), 0.2) * edge(canvas.x * side - 0.45, 0.1)
    canvas.add(rng.uniform(0.12, 0.22) * rim)


def fracture(canvas: Film, rng: np.random.Generator) -> None:
    """A short oblique break across a rib."""
    x, y = canvas.spot(rng)
    line = stroke(canvas.x, canvas.y, (x - 0.03, y - 0.06), (x + 0.03, y + 0.06))
    canvas.add(-0.2 * edge(0.014 - line, 0.012))


def devices(canvas: Film, rng: np.random.Generator) -> None:
    """Tubes and leads: thin, very bright lines from above to the middle."""
    for _ in range(rng.integers(1, 4)):
        top = (rng.uniform(-0.5, 0.5), -1.0)
        tip = (rng.uniform(-0.15, 0.15), rng.uniform(-0.2, 0.5))
        line = stroke(canvas.x, canvas.y, top, tip)
        canvas.add(0.3 * edge(0.012 - line, 0.012))


# Which shapes draw a finding. Cardiomegaly, Emphysema and Enlarged Cardiomediastinum shape the
# body itself (see `film`); No Finding and Lung Opacity (a summary of others) draw nothing.
SHAPES = {
    "Atelectasis": atelectasis,
    "Consolidation": consolidation,
    "Edema": edema,
    "Effusion": effusion,
    "Pleural Effusion": effusion,
    "Fibrosis": fibrosis,
    "Fracture": fracture,
    "Hernia": hernia,
    "Infiltration": infiltration,
    "Lung Lesion": mass,
    "Mass": mass,
    "Nodule": nodule,
    "Pleural_Thickening": pleural_thickening,
    "Pleural Other": pleural_thickening,
    "Pneumonia": pneumonia,
    "Pneumothorax": pneumothorax,
    "Support Devices": devices,
}
