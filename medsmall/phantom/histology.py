"""Generated patches of tissue stained with haematoxylin and eosin, healthy or invaded by a tumour.

Light passes through two stains: the pixel is white * 10^-(h H + e E) for the local amounts h and
e and the absorption vectors H and E of the stains (Beer-Lambert; Ruifrok and Johnston, Analytical
and Quantitative Cytology and Histology 2001). Haematoxylin makes nuclei blue, eosin all else pink.
"""

from dataclasses import dataclass

import numpy as np

from medsmall.phantom.drawing import Array, cloud, edge

# Absorption of red, green and blue by each stain, of length 1 (Ruifrok and Johnston, table 1).
HAEMATOXYLIN = np.array([0.65, 0.70, 0.29])
EOSIN = np.array([0.07, 0.99, 0.11])


@dataclass(frozen=True)
class Slide:
    """How one patient's slide was stained and scanned, the same on all its patches."""

    haematoxylin: Array
    eosin: Array
    nuclei: float
    matrix: float
    white: Array
    grain: float
    fat: float
    nucleus_size: float


def slide(rng: np.random.Generator) -> Slide:
    """Draw the stain, the scanner and the tissue of one patient."""
    return Slide(
        haematoxylin=HAEMATOXYLIN + rng.uniform(-0.08, 0.08, 3),
        eosin=EOSIN + rng.uniform(-0.06, 0.06, 3),
        nuclei=rng.uniform(0.5, 0.95),
        matrix=rng.uniform(0.18, 0.42),
        white=np.array([1, 1, 1]) - rng.uniform(0.0, 0.07, 3),
        grain=rng.uniform(0.005, 0.02),
        fat=rng.uniform(0.1, 0.5),
        nucleus_size=rng.uniform(0.9, 1.15),
    )


def patch(patient: Slide, tumour: bool, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """One patch, uint8 RGB (height, width, 3); coordinates are those of a patch 50 px high.

    Healthy tissue is fibres with few slim nuclei, fat or a gland of small round nuclei; a tumour
    is nests of many large, uneven nuclei. Glands and tumours are about as dark.
    """
    height, width = shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    eosin = patient.matrix * np.maximum(1 + 0.45 * cloud(rng, shape, 6), 0.1)
    eosin = eosin * (1 + 0.25 * np.sin(0.5 * (x + rng.uniform(-1, 1) * y) + 3 * rng.random()))
    nuclei = np.zeros(shape, np.float32)
    if tumour:
        for _ in range(rng.integers(14, 30)):
            size = rng.uniform(2.4, 4.6) * patient.nucleus_size
            _nucleus(nuclei, x, y, rng, size, size * rng.uniform(0.65, 1), rng.uniform(0.6, 1.2))
        eosin = eosin * 0.8
    else:
        kind = rng.random()
        for _ in range(rng.integers(2, 9)):
            size = rng.uniform(2.0, 3.6) * patient.nucleus_size
            _nucleus(nuclei, x, y, rng, size, size * rng.uniform(0.25, 0.45), 0.9)
        if kind < patient.fat:
            _fat(eosin, nuclei, x, y, rng)
        elif kind > 0.8:
            for _ in range(rng.integers(18, 36)):
                size = rng.uniform(1.5, 2.1) * patient.nucleus_size
                _nucleus(nuclei, x, y, rng, size, size, 1.0)
    nuclei *= patient.nuclei * (1 + 0.15 * cloud(rng, shape, 20))
    absorbed = nuclei[..., None] * patient.haematoxylin + eosin[..., None] * patient.eosin
    light = patient.white * 10**-absorbed
    light = light + patient.grain * rng.standard_normal(light.shape)
    return (np.clip(light, 0, 1) * 255 + 0.5).astype(np.uint8)


def _nucleus(
    nuclei: Array,
    x: Array,
    y: Array,
    rng: np.random.Generator,
    long: float,
    short: float,
    strength: float,
) -> None:
    """Add an ellipse of half axes `long` and `short` px anywhere on the patch."""
    turn, at = rng.uniform(0, np.pi), rng.uniform(-2, 52, 2)
    across, along = x - at[0], y - at[1]
    u = np.cos(turn) * across + np.sin(turn) * along
    v = np.cos(turn) * along - np.sin(turn) * across
    np.maximum(nuclei, strength * edge(1 - np.hypot(u / long, v / short), 0.5), out=nuclei)


def _fat(eosin: Array, nuclei: Array, x: Array, y: Array, rng: np.random.Generator) -> None:
    """Round empty cells with thin walls."""
    for _ in range(rng.integers(2, 6)):
        at, radius = rng.uniform(0, 50, 2), rng.uniform(8, 18)
        empty = edge(radius - np.hypot(x - at[0], y - at[1]), 2)
        eosin *= 1 - 0.95 * empty
        nuclei *= 1 - empty
