"""The images of a draw, read once."""

import numpy as np
import pytest

from medsmall.preload import preload


class Images:
    """Image k is filled with k; those of three channels are named in colour."""

    def read(self, image: str) -> np.ndarray:
        shape = (6, 4, 3) if image.startswith("colour") else (6, 4)
        return np.full(shape, int(image[-2:]), dtype=np.uint8)


@pytest.mark.parametrize("kinds", ["g", "c", "gc", "cg", "ggcgc"])
def test_grey_and_colour_images_keep_their_place_and_value(kinds):
    names = [{"g": "grey", "c": "colour"}[k] + f"{i + 10}" for i, k in enumerate(kinds)]
    pixels = preload(Images(), names, 8)
    assert pixels.shape == (len(kinds), 8, 8, 3 if "c" in kinds else 1)
    for i in range(len(kinds)):
        assert (pixels[i] == i + 10).all()
