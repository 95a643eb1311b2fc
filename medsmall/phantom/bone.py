"""Generated bone films of the upper limb: bones as capsules with a bright cortex, and injuries."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medsmall.phantom.drawing import (
    Array,
    Exposure,
    cloud,
    edge,
    expose,
    exposure,
    grid,
    stroke,
)

Rng = np.random.Generator
Point = tuple[float, float]
Bone = tuple[Point, Point, float]  # ends of the axis and half width

# The bones of each body part, in units of half the film's height, limb pointing up.
BONES: dict[str, list[Bone]] = {
    "ELBOW": [((0, 1.2), (0, 0.12), 0.15), ((-0.1, -0.1), (-0.15, -1.2), 0.1),
              ((0.12, -0.1), (0.17, -1.2), 0.08)],
    "FINGER": [((0, 1.1), (0, 0.45), 0.13), ((0, 0.32), (0.02, -0.18), 0.11),
               ((0.02, -0.3), (0.03, -0.7), 0.09)],
    "FOREARM": [((-0.16, 1.1), (-0.12, -1.1), 0.1), ((0.16, 1.1), (0.12, -1.1), 0.09)],
    "HAND": [((0.13 * i, 0.5), (0.2 * i, -0.1 + 0.05 * i * i), 0.05) for i in range(-2, 3)]
            + [((0.21 * i, -0.2 + 0.05 * i * i), (0.27 * i, -0.75 + 0.08 * i * i), 0.042)
               for i in range(-2, 3)],
    "HUMERUS": [((0, 1.2), (0.02, -0.7), 0.14), ((-0.05, -0.74), (0.0, -0.78), 0.22)],
    "SHOULDER": [((0.1, 1.2), (0.05, -0.1), 0.14), ((0.0, -0.24), (0.02, -0.26), 0.22),
                 ((-0.7, -0.72), (0.2, -0.6), 0.07), ((-0.35, -0.3), (-0.5, 0.4), 0.1)],
    "WRIST": [((-0.15, 1.1), (-0.13, 0.2), 0.13), ((0.16, 1.1), (0.16, 0.25), 0.09)]
             + [((0.13 * i, 0.02), (0.13 * i + 0.03, 0.0), 0.08) for i in range(-2, 3)]
             + [((0.13 * i, -0.2), (0.2 * i, -1.0), 0.055) for i in range(-2, 3)],
}  # fmt: skip


@dataclass(frozen=True)
class Limb:
    """One patient's build, constant over body parts and studies."""

    thickness: float
    cortex: float
    density: float
    flesh: float
    exposure: Exposure


def limb(rng: np.random.Generator) -> Limb:
    """Draw the build and exposure of one patient."""
    return Limb(
        thickness=rng.uniform(0.85, 1.2),
        cortex=rng.uniform(0.1, 0.25),
        density=rng.uniform(0.25, 0.4),
        flesh=rng.uniform(0.18, 0.3),
        exposure=exposure(rng),
    )


def bone(
    part: str, patient: Limb, injury: str, rng: np.random.Generator, shape: tuple[int, int]
) -> Array:
    """One film of a body part, uint8 of `shape`.

    `injury` is "" or one of `INJURIES`; it sits in the longest bones.
    """
    x, y = grid(*shape)
    turn, zoom = rng.uniform(-0.35, 0.35), rng.uniform(0.9, 1.15)
    cos, sin = np.float32(np.cos(turn) * zoom), np.float32(np.sin(turn) * zoom)
    x, y = cos * x + sin * y, cos * y - sin * x
    bones = list(BONES[part])
    lengths = [np.hypot(b[1][0] - b[0][0], b[1][1] - b[0][1]) for b in bones]
    hurt = int(rng.choice(np.flatnonzero(np.array(lengths) > 0.6 * max(lengths))))
    along = rng.uniform(0.35, 0.65)
    if injury == "displaced":
        bones[hurt : hurt + 1] = _displaced(bones[hurt], along, rng)

    flesh = np.max([edge(1.9 * b[2] + 0.06 - stroke(x, y, b[0], b[1]), 0.15) for b in bones], 0)
    film = 0.05 + patient.flesh * flesh
    skeleton = np.zeros_like(x)
    for start, end, half_width in bones:
        depth = half_width * patient.thickness - stroke(x, y, start, end)
        cortex = edge(half_width * 0.4 - np.abs(depth - half_width * 0.2), 0.03)
        body = patient.density * edge(depth, 0.03) + patient.cortex * cortex * edge(depth, 0.02)
        skeleton = np.maximum(skeleton, body)
    film = film + skeleton * (1 + 0.12 * cloud(rng, shape, 24))
    if injury in INJURIES:
        start, end, half_width = BONES[part][hurt]
        at = tuple(np.add(start, along * np.subtract(end, start)))
        film = film + INJURIES[injury](x, y, at, _unit(start, end), half_width, rng)
    return expose(film.astype(np.float32), patient.exposure, rng)


def _unit(start: Point, end: Point) -> Point:
    length = np.hypot(end[0] - start[0], end[1] - start[1])
    return (end[0] - start[0]) / length, (end[1] - start[1]) / length


def _displaced(whole: Bone, along: float, rng: np.random.Generator) -> Sequence[Bone]:
    """The two ends of a broken bone, pushed apart sideways."""
    start, end, half_width = whole
    ux, uy = _unit(start, end)
    mid = start[0] + along * (end[0] - start[0]), start[1] + along * (end[1] - start[1])
    off = half_width * rng.uniform(0.9, 1.5) * rng.choice([-1, 1])
    side = (mid[0] - uy * off, mid[1] + ux * off), (end[0] - uy * off, end[1] + ux * off)
    return [(start, mid, half_width), (side[0], side[1], half_width)]


def _break(x: Array, y: Array, at: Point, axis: Point, half_width: float, rng: Rng) -> Array:
    """A dark line across the bone, more or less oblique."""
    slant, reach = rng.uniform(-0.8, 0.8), half_width * 1.3
    dx, dy = -axis[1] + slant * axis[0], axis[0] + slant * axis[1]
    ends = [(at[0] + s * reach * dx, at[1] + s * reach * dy) for s in (-1, 1)]
    return -rng.uniform(0.3, 0.5) * edge(0.035 - stroke(x, y, ends[0], ends[1]), 0.02)


def _gap(x: Array, y: Array, at: Point, axis: Point, half_width: float, rng: Rng) -> Array:
    """The line between displaced ends."""
    return 0.4 * _break(x, y, at, axis, half_width, rng)


def _hardware(x: Array, y: Array, at: Point, axis: Point, half_width: float, rng: Rng) -> Array:
    """A metal plate beside the bone with screws through it."""
    reach, off = rng.uniform(0.2, 0.35), half_width * 0.8
    base = at[0] - axis[1] * off, at[1] + axis[0] * off
    ends = [(base[0] + s * reach * axis[0], base[1] + s * reach * axis[1]) for s in (-1, 1)]
    metal = edge(0.03 - stroke(x, y, ends[0], ends[1]), 0.02)
    for s in np.linspace(-0.8, 0.8, 4):
        head = base[0] + s * reach * axis[0], base[1] + s * reach * axis[1]
        tip = head[0] + axis[1] * 2 * off, head[1] - axis[0] * 2 * off
        metal = np.maximum(metal, edge(0.014 - stroke(x, y, head, tip), 0.015))
    return 0.6 * metal


INJURIES = {"fracture": _break, "displaced": _gap, "hardware": _hardware}
