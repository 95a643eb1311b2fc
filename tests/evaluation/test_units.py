"""Scores of images brought together by unit."""

import numpy as np
import pytest

from medsmall.evaluation.units import per_unit

NAN = np.nan
UNITS = np.array(["b", "a", "b", "c", "a"])
PREDICTED = np.array([[0.2, 0.0], [0.5, 1.0], [0.6, 0.5], [1.0, 0.25], [0.1, 0.5]])


def test_a_unit_is_positive_if_an_image_is_and_unknown_if_all_are():
    y = np.array([[0, NAN], [0, 1], [1, NAN], [NAN, 0], [0, NAN]])
    label, predicted = per_unit(y, PREDICTED, UNITS, label="max")
    np.testing.assert_array_equal(label, [[0, 1], [1, NAN], [NAN, 0]])  # a, b, c
    np.testing.assert_allclose(predicted, [[0.3, 0.75], [0.4, 0.25], [1.0, 0.25]])


def test_a_number_is_the_mean_of_the_known_ones():
    y = np.array([[10.0], [20.0], [13.0], [NAN], [NAN]])
    label, predicted = per_unit(y, PREDICTED[:, :1], UNITS, label="mean")
    np.testing.assert_array_equal(label, [[20], [11.5], [NAN]])
    np.testing.assert_allclose(predicted, [[0.3], [0.4], [1.0]])


@pytest.mark.parametrize("label", ["max", "mean"])
def test_images_that_are_their_own_unit_stay_as_they_are(label):
    rng = np.random.default_rng(0)
    predicted = rng.random((200, 3))
    y = (rng.random((200, 3)) < predicted).astype(float)
    y[rng.random(y.shape) < 0.1] = NAN
    same_y, same = per_unit(y, predicted, np.arange(200), label)
    np.testing.assert_array_equal(same_y, y)
    np.testing.assert_array_equal(same, predicted)
    assert same_y.dtype == same.dtype == np.float64


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="must be"):
        per_unit(PREDICTED[:, :1], PREDICTED, UNITS, "max")
    with pytest.raises(ValueError, match="must be"):
        per_unit(PREDICTED, PREDICTED, UNITS[:4], "max")
    with pytest.raises(ValueError, match="NaN"):
        per_unit(PREDICTED, np.where(PREDICTED == 1, NAN, PREDICTED), UNITS, "mean")
