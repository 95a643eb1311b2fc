"""NumPy resizes as OpenCV does."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsmall.answer.square import square
from medsmall.bundle import kernels
from medsmall.cache import resize
from medsmall.dataset.images import decode

EDGES = st.integers(1, 80)


def image(height, width, colour, seed):
    shape = (height, width, 3) if colour else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@settings(max_examples=300, deadline=None)
@given(EDGES, EDGES, EDGES, EDGES, st.booleans(), st.integers(0, 2**16))
def test_interpolation_is_that_of_opencv(height, width, high, wide, colour, seed):
    pixels = image(height, width, colour, seed)
    expected = cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_LINEAR)
    if (height, width) == (2 * high, 2 * wide):  # OpenCV averages there; nobody asks for it
        expected = cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_AREA)
        pixels = kernels.area(pixels, high, wide)
    found = kernels.linear(pixels, high, wide)
    np.testing.assert_array_equal(found, expected.reshape(found.shape))


@settings(max_examples=300, deadline=None)
@given(EDGES, EDGES, st.floats(0, 1), st.floats(0, 1), st.booleans(), st.integers(0, 2**16))
def test_averages_are_those_of_opencv_up_to_one_grey_level(height, width, a, b, colour, seed):
    high, wide = max(1, round(a * height)), max(1, round(b * width))
    pixels = image(height, width, colour, seed)
    expected = cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_AREA)
    found = kernels.area(pixels, high, wide)
    apart = np.abs(found.astype(int) - expected.reshape(found.shape))
    assert apart.max() <= 1


def test_averages_are_rarely_off():
    """By sums in another order, at ties: 0.007% of pixels."""
    off = count = 0
    rng = np.random.default_rng(0)
    for seed in range(200):
        height, width = rng.integers(20, 200, 2)
        high, wide = rng.integers(5, height + 1), rng.integers(5, width + 1)
        pixels = image(height, width, seed % 2 == 0, seed)
        expected = cv2.resize(pixels, (int(wide), int(high)), interpolation=cv2.INTER_AREA)
        off += (kernels.area(pixels, int(high), int(wide)) != expected).sum()
        count += expected.size
    assert off / count < 5e-4


@pytest.mark.parametrize("way", ["squash", "pad", "crop"])
def test_squares_of_real_images_are_those_of_the_training(real_data, way):
    files = sorted(
        file for file in real_data.rglob("*") if file.suffix in (".png", ".jpg", ".jpeg")
    )
    off = count = 0
    for file in files[:: max(1, len(files) // 24)]:
        pixels = decode(file)
        for side in (64, 224):
            found, expected = square(pixels, side, way, kernels), resize.square(pixels, side, way)
            apart = np.abs(found.astype(int) - expected)
            assert apart.max() <= 1
            off, count = off + (apart > 0).sum(), count + apart.size
    assert off / count < 5e-4
