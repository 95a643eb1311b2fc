import numpy as np
import pytest
from scipy import stats

from medsmall.evaluation.ranks import over_data_sets


def test_mean_ranks_and_the_critical_difference():
    """Of four arms on 14 data sets it is 1.25 (Demsar, JMLR 2006, with his q of 2.569)."""
    scores = np.random.default_rng(0).normal((0, 0.5, 1, 2), size=(14, 4)).round(1)
    found = over_data_sets(scores)
    better = (scores[:, None, :] > scores[:, :, None]).sum(2)
    ties = (scores[:, None, :] == scores[:, :, None]).sum(2) - 1
    assert found.mean == pytest.approx((1 + better + ties / 2).mean(0))
    assert found.p == pytest.approx(stats.friedmanchisquare(*scores.T).pvalue)
    assert found.critical == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=1e-3)


@pytest.mark.parametrize("arms", [2, 3, 5])
def test_equal_arms_are_told_apart_in_one_case_of_twenty_at_most(arms):
    rng = np.random.default_rng(0)
    found = [over_data_sets(rng.normal(size=(8, arms))) for _ in range(400)]
    assert np.mean([one.p < 0.05 for one in found]) < 0.075


def test_ties_alone_are_no_difference():
    assert over_data_sets(np.ones((6, 3))).p == 1
    assert over_data_sets(np.ones((6, 2))).p == 1


def test_two_arms_are_compared_by_how_often_one_is_better_in_whatever_unit():
    scores = np.array([[0.9, 0.89]] * 7 + [[-5.0, -4.0]])  # AUROC, and an error in months
    found = over_data_sets(scores)
    assert found.p == pytest.approx(stats.binomtest(7, 8).pvalue)
    assert found.p == over_data_sets(np.vstack([scores[:7], [[-0.05, -0.04]]])).p


@pytest.mark.parametrize("shape", [(5, 3), (6, 1)])
def test_too_few_are_refused(shape):
    with pytest.raises(ValueError, match="6 data sets and two arms"):
        over_data_sets(np.ones(shape))
