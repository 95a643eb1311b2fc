"""Generated pictures for data whose content is not known: stripes and a disc on a cloudy ground."""

from collections.abc import Collection

import numpy as np

from medsmall.phantom.drawing import Array, cloud, disc, edge, expose, exposure, grid

SIDE_PX = 96


def picture(
    shown: Collection[int], kinds: int, size: float, patient: int, rng: np.random.Generator
) -> Array:
    """One grey picture, uint8 (96, 96), whose ground and exposure are those of the `patient`.

    Args:
        shown: which of the `kinds` of stripes are there; they differ in their angle.
        kinds: how many there are.
        size: 0 to 1, the radius of the disc; 0 draws none.
        patient: seed of what is constant over the pictures of a patient.
        rng: of everything else.
    """
    shape = SIDE_PX, SIDE_PX
    x, y = grid(*shape)
    own = np.random.default_rng(patient)
    style, ground = exposure(own), cloud(own, shape, 5)
    film = 0.35 + 0.06 * ground + 0.04 * cloud(rng, shape, 9)
    if size > 0:
        at = rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3)
        film = film + 0.3 * edge(disc(x, y, at, (0.6 * size, 0.6 * size)), 0.05 / size)
    for kind in shown:
        angle = np.pi * (kind + rng.uniform(-0.1, 0.1)) / kinds
        along = x * np.cos(angle) + y * np.sin(angle)
        at = rng.uniform(-0.45, 0.45), rng.uniform(-0.45, 0.45)
        patch = edge(disc(x, y, at, (0.45, 0.45)), 0.3)
        film = film + 0.25 * patch * np.sin(2 * np.pi * along / 0.16)
    return expose(film.astype(np.float32), style, rng)
