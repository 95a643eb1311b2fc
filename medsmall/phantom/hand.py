"""Generated films of children's hands: growth plates, carpal bones and size tell the bone age.

What changes with age is what readers look at: carpal bones appear one after the other and grow,
epiphyses appear, widen to the width of their shaft and at last fuse with it, bones grow longer.
Girls are ahead of boys, so the same picture is an older boy. The ages are rounded from the atlas
of Greulich and Pyle (Stanford University Press, 1959).
"""

from dataclasses import dataclass

import numpy as np

from medsmall.phantom.drawing import Array, Exposure, cloud, edge, expose, exposure, grid, stroke

Point = tuple[float, float]

# Months of bone age at which the last growth plate has closed.
CLOSED = {"F": 204, "M": 228}

# Of each finger, thumb first: where the metacarpal begins, the angle to the vertical in degrees,
# and the lengths from metacarpal to tip, in units of half the film's height.
FINGERS: list[tuple[Point, float, list[float]]] = [
    ((-0.17, 0.20), -48, [0.25, 0.19, 0.14]),
    ((-0.12, 0.12), -13, [0.37, 0.24, 0.15, 0.10]),
    ((-0.02, 0.10), -2, [0.36, 0.27, 0.18, 0.11]),
    ((0.08, 0.12), 8, [0.33, 0.25, 0.17, 0.11]),
    ((0.16, 0.17), 20, [0.30, 0.20, 0.12, 0.10]),
]
HALF_WIDTHS = [0.040, 0.034, 0.029, 0.022]  # metacarpal to tip
FOREARM: list[tuple[Point, Point, float]] = [
    ((-0.07, 0.46), (-0.09, 1.5), 0.085), ((0.10, 0.47), (0.12, 1.5), 0.055),
]  # fmt: skip

# Of each carpal bone: place, radius when grown, and the maturity (0 to 1) at which it appears.
CARPALS: list[tuple[Point, float, float]] = [
    ((0.00, 0.22), 0.055, 0.01), ((0.08, 0.24), 0.050, 0.02), ((0.13, 0.31), 0.040, 0.14),
    ((0.04, 0.34), 0.046, 0.22), ((-0.06, 0.33), 0.050, 0.30), ((-0.14, 0.27), 0.042, 0.32),
    ((-0.08, 0.21), 0.036, 0.34), ((0.16, 0.36), 0.024, 0.55),
]  # fmt: skip


@dataclass(frozen=True)
class Build:
    """One child's hand, apart from its age."""

    size: float
    thickness: float
    density: float
    cortex: float
    flesh: float
    spread: float
    exposure: Exposure


def build(rng: np.random.Generator) -> Build:
    """Draw the hand and exposure of one child."""
    return Build(
        size=rng.uniform(0.94, 1.06),
        thickness=rng.uniform(0.9, 1.15),
        density=rng.uniform(0.26, 0.38),
        cortex=rng.uniform(0.08, 0.18),
        flesh=rng.uniform(0.15, 0.26),
        spread=rng.uniform(0.7, 1.2),
        exposure=exposure(rng),
    )


def maturity(months: float, sex: str) -> float:
    """Share of the way to closed growth plates, 0 to 1, at a bone age; `sex` "F" or "M"."""
    return min(1.0, months / CLOSED[sex])


def hand(
    child: Build, months: float, sex: str, rng: np.random.Generator, shape: tuple[int, int]
) -> Array:
    """One film of a hand, fingers up, uint8 of `shape`; `months` of bone age, `sex` "F" or "M"."""
    grown = maturity(months, sex)
    # Films are cropped to the hand, so growth shows less than it is; boys' hands are larger.
    scale = child.size * (0.6 + 0.38 * grown) * (1.05 if sex == "M" else 1.0)
    x, y = grid(*shape)
    turn, (left, top) = rng.uniform(-0.12, 0.12), rng.uniform(-0.05, 0.05, 2)
    cos, sin = np.float32(np.cos(turn) / scale), np.float32(np.sin(turn) / scale)
    x, y = cos * (x - left) + sin * (y - top - 0.1), cos * (y - top - 0.1) - sin * (x - left)

    canvas = _Canvas(x, y, child, np.zeros_like(x), np.zeros_like(x))
    for at, angle, lengths in FINGERS:
        _finger(canvas, at, angle * child.spread, lengths, grown)
    for start, end, half_width in FOREARM:
        _growing(canvas, start, end, half_width, grown, from_start=True, space=0.10)
    for at, radius, appears in CARPALS:
        if grown > appears:
            canvas.bone(at, at, radius * min(1.0, 0.3 + 1.3 * (grown - appears)))
    palm = edge(0.24 - stroke(x, y, (0.01, 0.05), (0.01, 0.3)), 0.12)
    film = 0.05 + child.flesh * np.maximum(canvas.flesh, palm)
    film = film + canvas.skeleton * (1 + 0.1 * cloud(rng, shape, 24))
    return expose(film.astype(np.float32), child.exposure, rng)


@dataclass
class _Canvas:
    x: Array
    y: Array
    child: Build
    skeleton: Array
    flesh: Array

    def bone(self, start: Point, end: Point, half_width: float) -> None:
        """A capsule with a bright cortex."""
        half_width = half_width * self.child.thickness
        depth = half_width - stroke(self.x, self.y, start, end)
        rim = edge(half_width * 0.4 - np.abs(depth - half_width * 0.2), 0.02)
        body = edge(depth, 0.02) * (self.child.density + self.child.cortex * rim)
        self.skeleton = np.maximum(self.skeleton, body)

    def around(self, start: Point, end: Point, half_width: float) -> None:
        """The soft tissue of a bone."""
        far = stroke(self.x, self.y, start, end)
        self.flesh = np.maximum(self.flesh, edge(1.6 * half_width + 0.035 - far, 0.05))


def _finger(canvas: _Canvas, at: Point, angle: float, lengths: list[float], grown: float) -> None:
    along = np.sin(np.radians(angle)), -np.cos(np.radians(angle))
    for i, length in enumerate(lengths):
        tip = at[0] + along[0] * length, at[1] + along[1] * length
        gap = 0.012  # between neighbours, the joint
        end = tip[0] - along[0] * gap, tip[1] - along[1] * gap
        # Metacarpals grow at their head, but the thumb's and all phalanges at their base.
        at_base = i > 0 or len(lengths) == 3
        _growing(canvas, at, end, HALF_WIDTHS[i], grown, from_start=at_base, space=0.075)
        at = tip


def _growing(
    canvas: _Canvas,
    start: Point,
    end: Point,
    half_width: float,
    grown: float,
    from_start: bool,
    space: float,
) -> None:
    """A shaft with the epiphysis of one end; `space` is what cartilage takes up in a newborn."""
    canvas.around(start, end, half_width)
    if not from_start:
        start, end = end, start
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    # A capsule ends in a half disc: both ends are drawn in by it, the growing one more.
    cartilage = space * (1 - grown)
    first = half_width + cartilage
    last = max(length - half_width, first)
    canvas.bone(
        (start[0] + ux * first, start[1] + uy * first),
        (start[0] + ux * last, start[1] + uy * last),
        half_width,
    )
    wide = half_width * min(1.0, max(0.0, (grown - 0.06) / 0.45)) * 0.8
    if wide and cartilage:
        at = start[0] + ux * 0.35 * cartilage, start[1] + uy * 0.35 * cartilage
        ends = [(at[0] - s * uy * wide, at[1] + s * ux * wide) for s in (-1, 1)]
        canvas.bone(ends[0], ends[1], 0.016)
