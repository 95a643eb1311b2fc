"""Calibrated probabilities: what is predicted is what is found."""

import numpy as np
import pytest
from made_examples import examples
from scipy.special import expit, softmax

from medsmall.learner.heads.calibration import (
    LEAST,
    calibrated,
    calibrated_loss,
    scaling,
    solve_calibrated,
)
from medsmall.learner.heads.linear import ABSENT, Linear
from medsmall.learner.linear_svm import FINDINGS
from medsmall.learner.prototypes import prototypes
from medsmall.learner.ridge import SOLVER
from medsmall.task import Task


def test_of_a_finding_it_is_platts():
    """The least log loss, by a fine grid of slopes and biases."""
    rng = np.random.default_rng(0)
    d = rng.normal(3.0, 2.0, (60, 1))
    y = (rng.random((60, 1)) < expit(1.5 * (d - 3))).astype(float)
    slope, bias = scaling(d, y, y, d)
    positive = y.sum()
    soft = np.where(y == 1, (positive + 1) / (positive + 2), 1 / (60 - positive + 2))

    def loss(a, b):
        z = a * d + b
        return (np.logaddexp(0, z) - soft * z).mean()

    least = min(loss(a, b) for a in np.linspace(0.1, 4, 60) for b in np.linspace(-12, 3, 120))
    assert loss(slope, bias[0]) <= least + 1e-6


@pytest.mark.parametrize("k", [1, 3])
def test_mean_predicted_is_observed_for_new_images(k):
    """Outputs that are far too sure, and on another scale than logits."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1.5, (20_000, k))
    p = expit(logits) if k == 1 else softmax(logits, axis=1)
    y = (
        (rng.random((20_000, 1)) < p)
        if k == 1
        else (np.eye(k, dtype=bool)[(p.cumsum(1) < rng.random((20_000, 1))).sum(1)])
    )
    outputs, y = 20 * logits + 7, y.astype(float)
    fit, new = slice(0, 2000), slice(2000, None)
    slope, bias = scaling(outputs[fit], y[fit], y[fit], outputs[fit])
    z = slope * outputs[new] + bias
    found = expit(z) if k == 1 else softmax(z, axis=1)
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        some = (found[:, 0] >= low) & (found[:, 0] < high)
        assert some.sum() > 100
        assert found[some, 0].mean() == pytest.approx(y[new][some, 0].mean(), abs=0.03)


@pytest.mark.parametrize("solver", [SOLVER, FINDINGS])
def test_heads_that_fit_noise_by_heart_predict_the_share(solver):
    new = examples(n=400, signal=0.0, seed=99)
    means, spreads = [], []
    for seed in range(4):
        of = examples(n=40, signal=0.0, seed=seed)
        head, _ = solve_calibrated(of, solver, 100.0)
        p = expit(head.outputs(new.plain)[:, 0])
        means.append(p.mean() - of.labels.mean())
        spreads.append(p.std())
    assert abs(np.mean(means)) < 0.1
    assert np.mean(spreads) < 0.15


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_the_head_and_its_calibration_are_one_linear_layer(task):
    of = examples(task=task)
    head, held_out = prototypes(of)
    slope, bias = scaling(held_out, of.labels, of.labels, held_out)
    one = calibrated(head, held_out, of.labels, held_out)
    expected = slope * head.outputs(of.plain) + bias
    np.testing.assert_allclose(one.outputs(of.plain), expected, atol=1e-9)


def test_images_keep_their_order_where_held_out_outputs_point_the_wrong_way():
    d = np.linspace(-1, 1, 20)[:, None]
    y = (d < 0).astype(float)
    slope, bias = scaling(d, y, y, d)
    assert slope == pytest.approx(LEAST / d.std())
    np.testing.assert_allclose(expit(slope * d + bias), 0.5, atol=0.01)


def test_without_held_out_outputs_probabilities_are_the_shares():
    nothing = np.full((10, 1), np.nan)
    y, seen = np.repeat([[1.0], [0.0]], [2, 8], axis=0), np.arange(10.0)[:, None]
    head = calibrated(Linear(np.ones((1, 1)), np.zeros(1)), nothing, y, seen)
    p = expit(head.outputs(seen)[:, 0])
    assert (np.diff(p) > 0).all()
    np.testing.assert_allclose(p, 0.2, atol=0.01)


def test_a_class_without_images_keeps_its_place():
    of = examples(task=Task.MULTICLASS)
    gap = np.insert(of.labels, 1, 0.0, axis=1)
    head = Linear(np.ones((4, 200)), np.zeros(4))
    held_out = np.insert(prototypes(of)[1], 1, 5.0, axis=1)
    found = calibrated(head, held_out, gap, held_out)
    assert found.bias[1] == ABSENT
    assert not found.weight[1].any()
    assert np.isfinite(calibrated_loss(held_out, gap)).all()
