"""Co-occurrence of grey levels: how often two levels stand at a given distance and direction.

The matrix P(i, j) counts pairs of a pixel of level i and one of level j at an offset: not
symmetric, 256 levels, as in Romero et al., Medical Physics 2020. Haralick et al., Textural features
for image classification, IEEE Trans. SMC 1973. All but the angular second moment are means over the
pairs, so the matrix itself is never multiplied out: scikit-image's `graycomatrix` and `graycoprops`
give the same numbers in many times the time.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]

DISTANCES = (1, 2, 4, 6)
ANGLES = (0.0, np.pi / 4, np.pi / 2)
PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "ASM", "energy", "correlation")
LEVELS = 256
FLAT = 1e-15  # a standard deviation below which the correlation is 1


def glcm(image: Grey) -> Array:
    """The PROPERTIES (72,) at all DISTANCES and ANGLES: property by property, angles fastest."""
    found = [
        _properties(*_pairs(image, distance, angle)) for distance in DISTANCES for angle in ANGLES
    ]
    return np.array(found).T.ravel()


def names() -> list[str]:
    """Of the 72 numbers: ``contrast_1_0`` is that of a distance of 1 px at 0 degrees."""
    return [
        f"{one}_{distance}_{round(np.degrees(angle))}"
        for one in PROPERTIES
        for distance in DISTANCES
        for angle in ANGLES
    ]


def _pairs(image: Grey, distance: int, angle: float) -> tuple[Grey, Grey]:
    """The levels of all pairs at an offset, (M,) each; rows count downwards."""
    down, right = round(np.sin(angle) * distance), round(np.cos(angle) * distance)
    height, width = image.shape
    first, second = image[: height - down, : width - right], image[down:, right:]
    return first.ravel(), second.ravel()


def _properties(first: Grey, second: Grey) -> list[float]:
    """The PROPERTIES of M pairs."""
    counts = np.bincount(first.astype(np.intp) * LEVELS + second, minlength=LEVELS * LEVELS).astype(
        float
    )
    share = counts / len(first)
    asm = float(share @ share)
    # by the difference of levels, -255 to 255: M pairs become 511 numbers
    apart = np.bincount(
        (first.astype(np.int16) - second + (LEVELS - 1)).astype(np.intp), minlength=2 * LEVELS - 1
    ) / len(first)
    step = np.arange(-(LEVELS - 1), LEVELS, dtype=float)
    contrast, dissimilarity = float(apart @ step**2), float(apart @ np.abs(step))
    homogeneity = float(apart @ (1 / (1 + step**2)))
    return [
        contrast,
        dissimilarity,
        homogeneity,
        asm,
        asm**0.5,
        _correlation(first, second, contrast),
    ]


def _correlation(first: Grey, second: Grey, contrast: float) -> float:
    """Of the levels of a pair; 1 where one of the two is the same everywhere.

    The covariance follows from the mean square of the difference.
    """
    (mean_1, var_1), (mean_2, var_2) = (_mean_and_variance(one) for one in (first, second))
    if min(var_1, var_2) < FLAT**2:
        return 1.0
    covariance = (var_1 + var_2 + (mean_1 - mean_2) ** 2 - contrast) / 2
    return float(covariance / np.sqrt(var_1 * var_2))


def _mean_and_variance(levels: Grey) -> tuple[float, float]:
    shares = np.bincount(levels, minlength=LEVELS) / len(levels)
    grey = np.arange(LEVELS, dtype=float)
    mean = float(shares @ grey)
    return mean, float(shares @ (grey - mean) ** 2)
