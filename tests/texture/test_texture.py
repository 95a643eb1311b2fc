"""Texture against scikit-image, scipy and numpy, and what a change of the image does to it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from skimage.feature import graycomatrix, graycoprops
from skimage.measure import shannon_entropy

from medsmall.texture.glcm import ANGLES, DISTANCES, PROPERTIES, glcm, names
from medsmall.texture.moments import NAMES, moments
from medsmall.texture.patterns import hog, lbp


def film(seed, side=40, levels=256):
    """Smooth and noisy by turns, so that neighbours resemble each other."""
    rng = np.random.default_rng(seed)
    smooth = np.cumsum(rng.normal(size=(side, side)), axis=rng.integers(2)) * rng.uniform(1, 20)
    return np.clip(128 + smooth, 0, levels - 1).astype(np.uint8)


def by_skimage(image):
    matrix = graycomatrix(image, DISTANCES, ANGLES, 256, symmetric=False, normed=False)
    return np.concatenate([graycoprops(matrix, one).ravel() for one in PROPERTIES])


@given(st.integers(0, 2**32), st.integers(8, 60))
@settings(max_examples=30, deadline=None)
def test_co_occurrence_is_that_of_scikit_image(seed, side):
    image = film(seed, side)
    np.testing.assert_allclose(glcm(image), by_skimage(image), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "image",
    [np.zeros((12, 12)), np.full((12, 12), 255), np.eye(12) * 255, np.indices((12, 12)).sum(0) % 2],
)
def test_flat_and_regular_images_too(image):
    image = image.astype(np.uint8)
    np.testing.assert_allclose(glcm(image), by_skimage(image), rtol=1e-8, atol=1e-10)
    assert np.isfinite(glcm(image)).all()


def test_each_number_has_its_name():
    assert len(names()) == len(set(names())) == len(glcm(film(0))) == 72
    assert names()[:4] == ["contrast_1_0", "contrast_1_45", "contrast_1_90", "contrast_2_0"]
    lines = np.zeros((20, 20), np.uint8)
    lines[:, ::2] = 255  # vertical lines: neighbours to the right differ, those below are equal
    found = dict(zip(names(), glcm(lines), strict=True))
    assert found["contrast_1_0"] == 255**2
    assert found["contrast_1_90"] == found["contrast_2_0"] == 0
    assert found["correlation_1_0"] == pytest.approx(-1, abs=0.02)


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_moments_are_those_of_numpy_and_scipy(seed):
    image = film(seed)
    levels = image.ravel().astype(float)
    expected = [levels.mean(), levels.std(), *stats.moment(levels, [2, 3, 4, 5])]
    np.testing.assert_allclose(moments(image), [*expected, shannon_entropy(image)], rtol=1e-8)
    assert len(NAMES) == 7


def test_brightness_moves_the_mean_alone():
    image = film(1).clip(0, 200)
    brighter = (image + 40).astype(np.uint8)
    found, other = moments(image), moments(brighter)
    assert other[0] == pytest.approx(found[0] + 40)
    np.testing.assert_allclose(found[1:], other[1:])
    np.testing.assert_allclose(glcm(image), glcm(brighter), rtol=1e-9)


def test_patterns_are_shares_that_a_turn_leaves_as_they_are():
    image = film(2, 64)
    found = lbp(image)
    assert found.shape == (10,)
    assert found.sum() == pytest.approx(1)
    inner = [lbp(one[4:-4, 4:-4]) for one in (image, np.rot90(image))]
    np.testing.assert_allclose(*inner, atol=0.02)


def test_gradients_are_where_the_edges_are():
    image = np.zeros((64, 64), np.uint8)
    image[:, 8:] = 200  # an edge in the first column of cells
    found = hog(image).reshape(4, 4, 8)
    assert found[:, 0].sum() == pytest.approx(found.sum())
    assert hog(np.zeros((64, 64), np.uint8)).tolist() == [0.0] * 128
    assert hog(film(0, 61)).shape == (128,)
