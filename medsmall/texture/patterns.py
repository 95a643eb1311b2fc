"""Local binary patterns and histograms of oriented gradients, by scikit-image."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]

POINTS, RADIUS = 8, 1
ORIENTATIONS = 8
CELLS = 4  # in each direction


def lbp(image: Grey) -> Array:
    """Shares (10,) of the uniform, rotation-invariant patterns of 8 neighbours at 1 px.

    Ojala et al., Multiresolution gray-scale and rotation invariant texture classification, IEEE
    Trans. PAMI 2002.
    """
    from skimage.feature import local_binary_pattern

    codes = local_binary_pattern(image, POINTS, RADIUS, method="uniform").astype(int)
    return np.bincount(codes.ravel(), minlength=POINTS + 2) / codes.size


def hog(image: Grey) -> Array:
    """Eight orientations of edges in each of 4 x 4 cells of the image (128,), normalised together.

    Dalal & Triggs, Histograms of oriented gradients for human detection, CVPR 2005.
    """
    from skimage.feature import hog as of_image

    height, width = (side // CELLS for side in image.shape)
    found: Array = of_image(
        image,
        orientations=ORIENTATIONS,
        pixels_per_cell=(height, width),
        cells_per_block=(CELLS, CELLS),
        block_norm="L2-Hys",
    )
    return found
