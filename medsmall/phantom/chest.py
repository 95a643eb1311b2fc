"""Generated chest films: anatomy, a patient's own style, and a family of lesion shapes.

Findings of ChestX-ray14, CheXpert and PneumoniaMNIST are drawn with the same few shapes, so that
what a network learns on one of them helps on another; a hernia in particular is a ring with an
air-fluid level behind the heart, and rings with such levels occur as cavities and pockets of
fluid in CheXpert's findings.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from medsmall.phantom.drawing import (
    Array,
    Exposure,
    cloud,
    disc,
    edge,
    expose,
    exposure,
    grid,
    stroke,
)

Point = tuple[float, float]


@dataclass(frozen=True)
class Build:
    """One patient's body, constant over follow-ups, in units of half the film's height."""

    body: float
    lung_width: float
    lung_height: float
    heart: float
    mediastinum: float
    rib_spacing: float
    rib_slope: float
    rib_strength: float
    diaphragm: float
    stomach_gas: float
    exposure: Exposure


def build(rng: np.random.Generator) -> Build:
    """Draw the body and exposure of one patient."""
    return Build(
        body=rng.uniform(0.78, 0.98),
        lung_width=rng.uniform(0.27, 0.34),
        lung_height=rng.uniform(0.55, 0.68),
        heart=rng.uniform(0.22, 0.29),
        mediastinum=rng.uniform(0.10, 0.16),
        rib_spacing=rng.uniform(0.13, 0.21),
        rib_slope=rng.uniform(0.1, 0.5),
        rib_strength=rng.uniform(0.03, 0.09),
        diaphragm=rng.uniform(0.40, 0.52),
        stomach_gas=rng.uniform(0, 1),
        exposure=exposure(rng),
    )


@dataclass
class Film:
    """A film being drawn: attenuation so far, and where the lungs and the heart are."""

    x: Array
    y: Array
    build: Build
    attenuation: Array
    lungs: Array
    diaphragm: float
    heart_at: Point
    heart: float

    def add(self, shape: Array) -> None:
        """Add attenuation (negative = more air)."""
        self.attenuation += shape

    def spot(self, rng: np.random.Generator) -> Point:
        """A random place in one of the lungs."""
        side = rng.choice([-1, 1])
        return side * rng.uniform(0.28, 0.55), rng.uniform(-0.5, self.diaphragm - 0.15)


def film(
    body: Build, findings: Iterable[str], rng: np.random.Generator, shape: tuple[int, int]
) -> Film:
    """A frontal film without lesions, already shaped by findings of the heart and the volume."""
    x, y = grid(*shape)
    # The patient never stands quite the same way twice.
    zoom, shift = rng.uniform(0.97, 1.04), rng.uniform(-0.04, 0.04, 2).astype(np.float32)
    x, y = x * zoom + shift[0], y * zoom + shift[1]
    findings = set(findings)
    inflated, large = "Emphysema" in findings, "Cardiomegaly" in findings
    wide = body.mediastinum * (1.6 if "Enlarged Cardiomediastinum" in findings else 1)
    heart = body.heart * (rng.uniform(1.25, 1.5) if large else 1) * (0.8 if inflated else 1)
    low = body.diaphragm + (0.14 if inflated else 0) + rng.uniform(-0.03, 0.03)

    trunk = edge(body.body + 0.12 * y - np.abs(x), 0.12)
    film_ = 0.04 + 0.58 * trunk
    lungs = np.zeros_like(x)
    for side in (-1, 1):
        centre = side * (wide * 0.4 + body.lung_width + 0.06)
        dome = low + 0.35 * (x - centre) ** 2 * (0.3 if inflated else 1.6) + 0.03 * side
        lung = edge(disc(x, y, (centre, -0.08), (body.lung_width, body.lung_height)), 0.25)
        lungs = np.maximum(lungs, lung * edge(dome - y, 0.05))
    film_ = film_ - lungs * (0.46 if inflated else 0.38)
    ribs = np.cos(2 * np.pi * (y - body.rib_slope * (np.abs(x) - 0.2) ** 2) / body.rib_spacing)
    film_ = film_ + body.rib_strength * trunk * np.maximum(ribs, 0) * edge(np.abs(x) - 0.12, 0.1)
    film_ = film_ + 0.16 * edge(wide - np.abs(x), 0.12) * edge(0.7 - y, 0.4)
    film_ = film_ + 0.05 * edge(0.07 - np.abs(x), 0.04) * (1 + 0.4 * np.cos(y * 38))
    at = (0.12 + 0.3 * (heart - 0.25), low - 0.17)
    film_ = film_ + 0.26 * lungs * edge(disc(x, y, at, (heart * 1.15, heart)), 0.25)
    for side in (-1, 1):
        hilum = disc(x, y, (side * 0.22, -0.02), (0.1, 0.16))
        film_ = film_ + 0.1 * edge(hilum, 0.9) * lungs
        clavicle = stroke(x, y, (side * 0.08, -0.62), (side * 0.62, -0.78))
        film_ = film_ + 0.07 * edge(0.03 - clavicle, 0.03)
    vessels = cloud(rng, shape, 22)
    film_ = film_ + 0.035 * lungs * vessels
    canvas = Film(x, y, body, film_.astype(np.float32), lungs, low, at, heart)
    if body.stomach_gas > 0.4:  # a normal gas bubble, with its own level: it must not be a hernia
        bubble = (0.3 + 0.1 * body.stomach_gas, low + 0.2)
        ring(canvas, bubble, 0.06 + 0.06 * body.stomach_gas, 0.0, rng, air=0.2, fluid=0.0)
    return canvas


def ring(
    canvas: Film,
    at: Point,
    radius: float,
    wall: float,
    rng: np.random.Generator,
    air: float,
    fluid: float,
) -> None:
    """A round wall that holds air above a straight horizontal level and fluid below it."""
    depth = disc(canvas.x, canvas.y, at, (radius * rng.uniform(0.9, 1.35), radius))
    inside, level = edge(depth, 0.15), at[1] + radius * rng.uniform(-0.35, 0.35)
    below = edge(canvas.y - level, 0.025)
    canvas.add(wall * edge(0.16 - np.abs(depth), 0.12))
    canvas.add(inside * (fluid * below - air * (1 - below)))


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


def chest(
    body: Build,
    findings: Iterable[str],
    rng: np.random.Generator,
    lesions: int,
    shape: tuple[int, int] = (128, 128),
) -> tuple[Array, dict[str, tuple[int, int, int, int]]]:
    """One frontal film, uint8 of `shape`, and the box (left, top, width, height) of each finding.

    `lesions` seeds the place and form of the patient's lesions, the same on each follow-up; `rng`
    is the film's own (posture, grain).
    """
    findings = sorted(findings)
    canvas, boxes = film(body, findings, rng, shape), {}
    for finding in findings:
        if finding in SHAPES:
            before = canvas.attenuation.copy()
            order = list(SHAPES).index(finding)
            SHAPES[finding](canvas, np.random.default_rng([lesions, order]))
            boxes[finding] = box(np.abs(canvas.attenuation - before))
    return expose(canvas.attenuation, body.exposure, rng), boxes


def box(change: Array) -> tuple[int, int, int, int]:
    """Left, top, width, height in px of where the change is above a third of its maximum."""
    rows, columns = np.nonzero(change > change.max() / 3)
    left, top = int(columns.min()), int(rows.min())
    return left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1


def lateral(body: Build, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """A film from the side, uint8 of `shape`: one lung field, spine behind, heart in front."""
    x, y = grid(*shape)
    film_ = 0.04 + 0.6 * edge(body.body * 0.85 + 0.1 * y - np.abs(x), 0.12)
    lung = edge(disc(x, y, (0.05, -0.05), (body.lung_width * 1.7, body.lung_height)), 0.25)
    lung = lung * edge(body.diaphragm + 0.3 * x - y, 0.05)
    film_ = film_ - 0.36 * lung + 0.24 * edge(0.1 - np.abs(x - 0.5 - 0.15 * y * y), 0.08)
    film_ = film_ + 0.2 * lung * edge(disc(x, y, (-0.25, 0.2), (body.heart, body.heart)), 0.3)
    return expose(film_ + 0.03 * lung * cloud(rng, shape, 18), body.exposure, rng)
