"""Probabilities for another population: by Bayes, by simulation, and what stays as it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from medsmall.evaluation.prior_shift import Shares, for_classes, for_findings

SHARE = st.floats(0.001, 0.999)


def posterior(likelihoods, priors):
    joint = likelihoods * priors
    return joint / joint.sum(1, keepdims=True)


@given(SHARE, SHARE, st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_it_is_bayes_rule_with_the_other_prior(fit, population, seed):
    likelihoods = np.random.default_rng(seed).exponential(size=(20, 2))
    shares = Shares(np.array([fit]), np.array([population]))
    given_fit = posterior(likelihoods, [1 - fit, fit])[:, 1:]
    expected = posterior(likelihoods, [1 - population, population])[:, 1:]
    np.testing.assert_allclose(for_findings(given_fit, shares), expected, rtol=1e-9)


@given(st.integers(2, 6), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_of_classes_too_and_there_and_back_is_nothing(k, seed):
    rng = np.random.default_rng(seed)
    fit, population = rng.dirichlet(np.ones(k), 2)
    likelihoods = rng.exponential(size=(20, k))
    there = for_classes(posterior(likelihoods, fit), Shares(fit, population))
    np.testing.assert_allclose(there, posterior(likelihoods, population), rtol=1e-9)
    back = for_classes(there, Shares(population, fit))
    np.testing.assert_allclose(back, posterior(likelihoods, fit), rtol=1e-6)


def test_a_fit_to_a_balanced_draw_is_calibrated_again():
    """Logistic regression on half positives; the population has 3 %."""
    rng = np.random.default_rng(0)

    def films(n, share):
        y = (rng.random(n) < share).astype(int)
        return rng.normal(size=(n, 2)) + y[:, None], y

    (x, y), (new, truth) = films(20_000, 0.5), films(200_000, 0.03)
    prob = LogisticRegression().fit(x, y).predict_proba(new)[:, 1:]
    found = for_findings(prob, Shares(np.array([0.5]), np.array([0.03])))
    assert prob.mean() > 0.15
    assert found.mean() == pytest.approx(0.03, abs=0.002)
    best = LogisticRegression().fit(*films(200_000, 0.03)).predict_proba(new)[:, 1]
    assert log_loss(truth, found) == pytest.approx(log_loss(truth, best), rel=0.01)
    assert log_loss(truth, found) < 0.5 * log_loss(truth, prob)


def test_the_ends_and_what_is_unknown_stay():
    prob = np.array([[0.0, 0.3, 0.3, 0.3], [1.0, 0.6, 0.6, 0.6]])
    shares = Shares(np.array([0.5, np.nan, 0.5, 1.0]), np.array([0.1, 0.1, 0.0, 0.1]))
    found = for_findings(prob, shares)
    np.testing.assert_array_equal(found, prob)
    classes = np.array([[0.0, 0.4, 0.6]])
    absent = Shares(np.array([0.0, 0.5, 0.5]), np.array([0.2, 0.4, 0.4]))
    np.testing.assert_allclose(for_classes(classes, absent), classes)


@pytest.mark.parametrize(
    ("fit", "population", "differ"),
    [(0.5, 0.5, False), (0.5, 0.52, False), (0.5, 0.53, True), (0.01, 0.012, True),
     (np.nan, 0.5, False), (1.0, 0.5, False)],
)  # fmt: skip
def test_small_differences_are_none(fit, population, differ):
    assert Shares(np.array([fit, 0.3]), np.array([population, 0.3])).differ is differ
