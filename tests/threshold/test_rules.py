"""Each rule against trying all thresholds, with the definitions of its aim."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_curve

from medsmall.errors import MedsmallError
from medsmall.threshold.at_least import Sensitivity, Specificity
from medsmall.threshold.cost import Cost
from medsmall.threshold.f1 import F1
from medsmall.threshold.prevalence import Prevalence
from medsmall.threshold.youden import Youden

SEEDS = st.integers(0, 2**32)


def validation(seed, n=60):
    """Labels with a few unknown, and rounded scores, so that some are equal."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < rng.uniform(0.15, 0.85)).astype(float)
    y[:2] = 0, 1
    prob = (0.3 * y + rng.random(n)).clip(0, 1.3) / 1.3
    y[rng.random(n) < 0.1] = np.nan
    y[:2] = 0, 1
    return y, prob.round(rng.integers(1, 4))


def rates(y, prob, threshold):
    known = ~np.isnan(y)
    called, true = prob[known] >= threshold, y[known] == 1
    return called[true].mean(), (~called[~true]).mean()


def everywhere(y, prob):
    """The rates at a threshold below, between and above all scores."""
    known = ~np.isnan(y)
    scores = np.unique(np.r_[0, prob[known]])
    return np.array([rates(y, prob, t) for t in np.r_[scores, 2.0]])


@given(SEEDS)
@settings(max_examples=80, deadline=None)
def test_youden_is_the_largest_of_the_roc_curve(seed):
    y, prob = validation(seed)
    known = ~np.isnan(y)
    false_rate, true_rate, _ = roc_curve(y[known], prob[known], drop_intermediate=False)
    found = rates(y, prob, Youden().choose(y, prob, 0.01))
    assert sum(found) - 1 == pytest.approx((true_rate - false_rate).max())


@given(SEEDS, st.sampled_from([0.5, 0.8, 0.9, 0.95, 1.0]))
@settings(max_examples=80, deadline=None)
def test_a_stated_sensitivity_is_held_with_the_best_specificity(seed, at_least):
    y, prob = validation(seed)
    sensitivity, specificity = rates(y, prob, Sensitivity(at_least).choose(y, prob, 0.01))
    of_all = everywhere(y, prob)
    assert sensitivity >= at_least - 1e-9
    assert specificity == pytest.approx(of_all[of_all[:, 0] >= at_least - 1e-9, 1].max())


@given(SEEDS, st.sampled_from([0.5, 0.8, 0.9, 0.95, 1.0]))
@settings(max_examples=80, deadline=None)
def test_a_stated_specificity_is_held_with_the_best_sensitivity(seed, at_least):
    y, prob = validation(seed)
    sensitivity, specificity = rates(y, prob, Specificity(at_least).choose(y, prob, 0.01))
    of_all = everywhere(y, prob)
    assert specificity >= at_least - 1e-9
    assert sensitivity == pytest.approx(of_all[of_all[:, 1] >= at_least - 1e-9, 0].max())


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_f1_is_the_largest_that_scikit_learn_finds_at_the_prevalence_of_validation(seed):
    y, prob = validation(seed)
    known = ~np.isnan(y)
    y, prob = y[known], prob[known]
    threshold = F1().choose(y, prob, y.mean())
    best = max(f1_score(y, prob >= t) for t in np.unique(prob))
    assert f1_score(y, prob >= threshold) == pytest.approx(best)


@given(SEEDS, st.floats(0.5, 20), st.floats(0.005, 0.9))
@settings(max_examples=80, deadline=None)
def test_the_cost_is_the_least_at_the_prevalence_of_the_population(seed, miss, prevalence):
    y, prob = validation(seed)

    def cost(pair):
        return miss * prevalence * (1 - pair[0]) + (1 - prevalence) * (1 - pair[1])

    found = rates(y, prob, Cost(miss, 1.0).choose(y, prob, prevalence))
    assert cost(found) == pytest.approx(min(map(cost, everywhere(y, prob))))


def test_a_rarer_finding_is_called_less_often_where_errors_are_weighed():
    y, prob = validation(3, 400)
    for rule in (F1(), Cost(5.0, 1.0)):
        rare, frequent = (rule.choose(y, prob, p) for p in (0.01, 0.5))
        assert rare > frequent


def test_with_true_probabilities_the_cost_of_errors_sets_the_threshold():
    """Elkan's rule, c_false_alarm / (c_false_alarm + c_miss), as the count of images grows."""
    rng = np.random.default_rng(0)
    prob = rng.random(200_000)
    y = (rng.random(len(prob)) < prob).astype(float)
    assert Cost(4.0, 1.0).choose(y, prob, y.mean()) == pytest.approx(1 / 5, abs=0.03)


@pytest.mark.parametrize("rule", [Youden(), F1(), Sensitivity(0.9), Specificity(0.9), Cost(5, 1)])
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_without_both_classes_there_is_none(rule, label):
    assert rule.choose(np.array([label, label, np.nan]), np.array([0.1, 0.9, 0.5]), 0.5) is None


def test_the_prevalence_chooses_nothing():
    assert Prevalence().choose(*validation(0), 0.5) is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Sensitivity(0.0), "threshold.at_least must lie above 0"),
        (lambda: Specificity(1.1), "threshold.at_least must lie above 0"),
        (lambda: Cost(0.0, 1.0), "threshold.miss must be above 0"),
        (lambda: Cost(1.0, -1.0), "threshold.false_alarm must be above 0"),
    ],
)
def test_a_wrong_value_is_one_sentence(make, words):
    with pytest.raises(MedsmallError, match=words):
        make()
