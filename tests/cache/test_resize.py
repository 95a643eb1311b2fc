"""Images of any shape become squares, and nothing aliases."""

import cv2
import numpy as np
import pytest

from medsmall.cache.resize import centre_square, resized, square
from medsmall.phantom import chest, thorax


@pytest.mark.parametrize("shape", [(1024, 1024), (1000, 600), (611, 937), (130, 120)])
def test_squashing_is_averaging(shape):
    rng = np.random.default_rng(0)
    film, _ = chest.chest(thorax.build(rng), [], rng, 0, shape)
    exact = cv2.resize(film.astype(np.float64), (100, 100), interpolation=cv2.INTER_AREA)
    error = square(film, 100, "squash")[..., 0] - exact
    assert np.abs(error).mean() < 1
    assert abs(error.mean()) < 0.6


@pytest.mark.parametrize("shape", [(512, 150), (150, 512), (150, 512, 3)])
def test_what_shrinks_is_averaged_though_the_other_edge_grows(shape):
    """Noise: averaging pairs halves its variance, interpolating takes off less."""
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    found = square(noise, 250, "squash")
    area, linear = cv2.INTER_AREA, cv2.INTER_LINEAR
    tall = shape[0] > shape[1]
    first, second = ((150, 250), (250, 250)) if tall else ((250, 150), (250, 250))
    expected = cv2.resize(
        cv2.resize(noise, first, interpolation=area), second, interpolation=linear
    )
    assert found.std() == pytest.approx(39, abs=0.5)
    np.testing.assert_array_equal(found.squeeze(), expected)


@pytest.mark.parametrize("shape", [(300, 240), (240, 300), (250, 250), (260, 240), (200, 100)])
def test_what_shrinks_or_grows_little_or_in_both_edges_is_as_before(shape):
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    mixed = max(shape) > 275 and min(shape) < 250
    expected = cv2.resize(noise, (250, 250), interpolation=cv2.INTER_LINEAR)
    assert (square(noise, 250, "squash")[..., 0] == expected).all() != mixed


def test_pad_keeps_the_aspect_ratio_between_black_borders():
    image = np.full((100, 50, 3), (10, 20, 30), np.uint8)
    found = square(image, 40, "pad")
    assert (found[:, 10:30] == (10, 20, 30)).all()
    assert not found[:, :10].any()
    assert not found[:, 30:].any()
    wide = square(image.transpose(1, 0, 2), 40, "pad")
    np.testing.assert_array_equal(wide, found.transpose(1, 0, 2))


def test_crop_takes_the_centre_square():
    image = np.random.default_rng(0).integers(0, 256, (64, 100), dtype=np.uint8)
    np.testing.assert_array_equal(square(image, 64, "crop")[..., 0], image[:, 18:82])
    np.testing.assert_array_equal(square(image.T, 64, "crop")[..., 0], image.T[18:82])


@pytest.mark.parametrize("resize", ["squash", "pad", "crop"])
@pytest.mark.parametrize("shape", [(7, 7), (1, 900), (900, 1), (33, 64), (64, 33)])
def test_every_shape_becomes_a_square(resize, shape):
    image = np.random.default_rng(0).integers(1, 256, shape, dtype=np.uint8)
    found = square(image, 32, resize)
    assert found.shape == (32, 32, 1)
    assert found.dtype == np.uint8
    assert found.any()


@pytest.mark.parametrize("resize", ["squash", "pad", "crop"])
@pytest.mark.parametrize("shape", [(96, 64), (64, 96), (64, 64)])
def test_the_centre_square_lies_where_it_is_said(resize, shape):
    """A bright centre square fills just that window."""
    image = np.zeros(shape, np.uint8)
    edge = min(shape)
    top, left = (shape[0] - edge) // 2, (shape[1] - edge) // 2
    image[top : top + edge, left : left + edge] = 200
    found = square(image, 48, resize)[..., 0]
    bright = np.argwhere(found > 100)
    window = centre_square(*shape, 48, resize) or (0, 48, 0, 48)
    expected = [
        bright[:, 0].min(),
        bright[:, 0].max() + 1,
        bright[:, 1].min(),
        bright[:, 1].max() + 1,
    ]
    assert window == pytest.approx(expected, abs=0.51)


def test_another_size_of_another_shape():
    image = np.random.default_rng(0).integers(0, 256, (64, 40), dtype=np.uint8)
    assert resized(image, 16, 10).shape == (16, 10)
