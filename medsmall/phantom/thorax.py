"""Generated chests without findings: a patient's body and exposure, and the film of it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from medsmall.phantom.drawing import (
    Array,
    Exposure,
    cloud,
    disc,
    edge,
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
