"""Generated chest films of children with bacterial or viral pneumonia, or none.

Bacterial pneumonia mostly fills one lobe; viral pneumonia is mostly a net and a veil around both
hila (Kermany et al., Cell 2018, figure S6). A part of each is faint.
"""

import numpy as np

from medsmall.phantom.chest_findings import haze
from medsmall.phantom.drawing import Array, cloud, disc, edge, expose
from medsmall.phantom.thorax import Build, Film, film


def chest(
    body: Build, germ: str, rng: np.random.Generator, lesions: int, shape: tuple[int, int]
) -> Array:
    """One frontal film, uint8 of `shape`; `germ` is "", "bacteria" or "virus".

    `lesions` seeds the place and form of the child's lesions; `rng` is the film's own.
    """
    canvas = film(body, [], rng, shape)
    if germ:
        GERMS[germ](canvas, np.random.default_rng(lesions))
    return expose(canvas.attenuation, body.exposure, rng)


def _lobe(canvas: Film, rng: np.random.Generator) -> None:
    """A dense, even patch in one lung that ends at a straight fissure."""
    side, upper = rng.choice([-1, 1]), rng.random() < 0.4
    at = (side * rng.uniform(0.32, 0.42), rng.uniform(-0.4, -0.2) if upper else canvas.diaphragm)
    fissure = -0.05 + rng.uniform(-0.08, 0.08) + rng.uniform(-0.2, 0.2) * canvas.x
    beyond = edge((fissure - canvas.y) * (1 if upper else -1), 0.06)
    patch = edge(disc(canvas.x, canvas.y, at, (0.3, rng.uniform(0.35, 0.55))), 0.7)
    uneven = 1 + 0.15 * cloud(rng, canvas.x.shape, 10)
    canvas.add(rng.uniform(0.14, 0.32) * patch * beyond * canvas.lungs * uneven)


def _interstitium(canvas: Film, rng: np.random.Generator) -> None:
    """A net of lines and a thin veil around both hila."""
    strength = rng.uniform(0.6, 1.2)
    lines = np.maximum(1 - np.abs(cloud(rng, canvas.x.shape, 26)) / 0.35, 0)
    for side in (-1, 1):
        at = (side * 0.3, rng.uniform(-0.1, 0.1))
        haze(canvas, at, rng.uniform(0.28, 0.42), 0.09 * strength, rng)
        near = edge(disc(canvas.x, canvas.y, at, (0.34, 0.5)), 1.2)
        canvas.add(0.15 * strength * near * canvas.lungs * lines)


GERMS = {"bacteria": _lobe, "virus": _interstitium}
