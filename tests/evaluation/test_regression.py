"""Regression metrics against scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from medsmall.evaluation.regression import evaluate_regression


def simulated(seed=0, n=200):
    rng = np.random.default_rng(seed)
    y = rng.normal(120, 40, (n, 2))
    predicted = y + rng.normal(3, 12, (n, 2))
    y[rng.random((n, 2)) < 0.1] = np.nan
    return y, predicted


@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_scikit_learn_and_scipy(seed):
    y, predicted = simulated(seed)
    result = evaluate_regression(y, predicted, ["a", "b"])
    for k, name in enumerate("ab"):
        known = ~np.isnan(y[:, k])
        true, value, found = y[known, k], predicted[known, k], result["targets"][name]
        assert found["n"] == known.sum()
        assert found["mae"] == pytest.approx(mean_absolute_error(true, value))
        assert found["rmse"] == pytest.approx(root_mean_squared_error(true, value))
        assert found["r2"] == pytest.approx(r2_score(true, value))
        assert found["pearson_r"] == pytest.approx(pearsonr(true, value).statistic)
        assert found["mean_error"] == pytest.approx((value - true).mean())
        assert found["reasons"] == {}
    both = [result["targets"][name]["mae"] for name in "ab"]
    assert result["mean"]["mae"] == pytest.approx(np.mean(both))
    assert result["mean"]["mae_over"] == 2
    assert result["loss"] == pytest.approx(np.nanmean((predicted - y) ** 2))


def test_what_is_undefined_is_null_with_its_reason():
    y = np.array([[5.0, np.nan], [5.0, np.nan]])
    result = evaluate_regression(y, np.array([[4.0, 1.0], [6.0, 1.0]]), ["same", "unknown"])
    same, unknown = result["targets"]["same"], result["targets"]["unknown"]
    assert same["mae"] == 1
    assert same["r2"] is same["pearson_r"] is None
    assert same["reasons"]["r2"] == "all 2 labels are equal"
    assert unknown["n"] == 0
    assert unknown["mae"] is None
    assert unknown["reasons"]["mae"] == "no known label"
    assert result["mean"]["mae_over"] == 1
    assert result["mean"]["r2"] is None
    nothing = evaluate_regression(y[:, 1:], np.zeros((2, 1)), ["unknown"])
    assert nothing["loss"] is None
    assert nothing["reasons"] == {"loss": "no known label"}
    flat = evaluate_regression(np.array([[1.0], [2.0]]), np.ones((2, 1)), ["a"])["targets"]["a"]
    assert flat["pearson_r"] is None
    assert flat["reasons"] == {"pearson_r": "all 2 predictions are equal"}


def test_arrays_that_do_not_fit_are_refused():
    y, predicted = simulated()
    with pytest.raises(ValueError, match="must both be"):
        evaluate_regression(y, predicted[:, :1], ["a", "b"])
    with pytest.raises(ValueError, match="finite"):
        evaluate_regression(y, predicted * np.inf, ["a", "b"])
