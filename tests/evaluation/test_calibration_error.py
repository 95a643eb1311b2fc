import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from medsmall.evaluation.bands import bin_of
from medsmall.evaluation.calibration_error import (
    brier,
    change,
    ece,
    edges_of,
    log_loss,
    of_called,
)  # fmt: skip


def made(seed, patients=60, slope=1.0, bias=0.0):
    """Labels, probabilities, true ones and patients, whose two images resemble each other."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), 2)
    true = 1.5 * (rng.normal(size=patients)[patient] + rng.normal(size=len(patient))) / 2**0.5
    y = (rng.random(len(patient)) < expit(true)).astype(float)
    return y, expit(slope * true + bias), expit(true), patient


def test_losses_are_those_of_scikit_learn():
    y, prob, _, patient = made(0)
    assert brier(y, prob, patient).value == pytest.approx(brier_score_loss(y, prob))
    assert log_loss(y, prob, patient).value == pytest.approx(sklearn_log_loss(y, prob))
    rng = np.random.default_rng(0)
    classes, of = rng.dirichlet(np.ones(3), 50), rng.integers(0, 3, 50)
    found = log_loss(np.eye(3)[of], classes, np.arange(50)).value
    assert found == pytest.approx(sklearn_log_loss(of, classes))
    squares = ((classes - np.eye(3)[of]) ** 2).sum(axis=1).mean()
    assert brier(np.eye(3)[of], classes, np.arange(50)).value == pytest.approx(squares)


def test_two_columns_of_a_finding_have_its_log_loss_and_twice_its_brier():
    y, prob, _, patient = made(1)
    both = np.c_[1 - y, y], np.c_[1 - prob, prob], patient
    assert log_loss(*both).value == pytest.approx(log_loss(y, prob, patient).value)
    assert brier(*both).value == pytest.approx(2 * brier(y, prob, patient).value)


def test_unknown_labels_are_left_out():
    y, prob, _, patient = made(2)
    y[40:] = np.nan
    for of in (brier, log_loss):
        assert of(y, prob, patient) == of(y[:40], prob[:40], patient[:40])
    assert ece(y, prob, patient) == ece(y[:40], prob[:40], patient[:40])
    assert brier(y * np.nan, prob, patient).reason == "no known label"
    assert ece(y * np.nan, prob, patient).measured.value is None


def test_few_patients_have_a_value_without_an_interval():
    y, prob, _, patient = made(3, patients=9)
    for found in (brier(y, prob, patient), ece(y, prob, patient).measured):
        assert found.value is not None
        assert found.interval is None
        assert found.reason == "it rests on 9 patients, fewer than 10"


def test_ece_is_the_mean_distance_of_equally_filled_bins():
    y, prob, _, patient = made(4, patients=300, slope=2.0, bias=0.5)
    inside = bin_of(prob, edges_of(prob))
    assert np.bincount(inside).tolist() == [60] * 10
    apart = [abs(y[inside == b].mean() - prob[inside == b].mean()) for b in range(10)]
    assert ece(y, prob, patient).measured.value == pytest.approx(np.mean(apart))


def test_one_probability_for_all_is_one_bin():
    y = np.r_[np.ones(30), np.zeros(70)]
    found = ece(y, np.full(100, 0.5), np.arange(100))
    assert found.measured.value == pytest.approx(0.2)
    assert 0.08 < found.measured.interval.low < 0.2 < found.measured.interval.high < 0.32


def test_the_ece_of_a_perfect_model_is_what_was_said_and_its_interval_holds_0():
    found = [ece(*(made(seed)[k] for k in (0, 1, 3))) for seed in range(60)]
    value, perfect = (np.mean(of) for of in zip(*((f.measured.value, f.if_perfect) for f in found),
                                                strict=True))  # fmt: skip
    assert perfect == pytest.approx(value, rel=0.1)
    assert value > 0.05
    assert np.mean([f.debiased for f in found]) < value / 2
    assert np.mean([f.measured.interval.low == 0 for f in found]) > 0.9


def test_intervals_hold_the_truth():
    y, prob, true, _ = made(0, 50_000, slope=2.5, bias=1.0)
    of_brier = (true * (1 - prob) ** 2 + (1 - true) * prob**2).mean()
    gain = (y * np.log(prob / true) + (1 - y) * np.log((1 - prob) / (1 - true))).mean()
    held, debiased = [], []
    for seed in range(100):
        few_y, few, few_true, patient = made(1 + seed, 60, slope=2.5, bias=1.0)
        inside = bin_of(prob, edges_of(few))
        of_ece = np.abs(np.bincount(inside, true - prob)).sum() / len(y)
        errors = ece(few_y, few, patient)
        pairs = (
            (errors.measured, of_ece),
            (brier(few_y, few, patient), of_brier),
            (change(few_y, few, few_true, patient).log_loss, gain),
        )
        held.append([of.interval.low <= wanted <= of.interval.high for of, wanted in pairs])
        debiased.append(errors.debiased - of_ece)
    assert (np.mean(held, axis=0) > 0.87).all()
    assert abs(np.mean(debiased)) < 0.02


def test_the_change_is_paired():
    y, prob, _, patient = made(5, 300)
    nearly = np.clip(prob + 0.01, 0, 1)
    found = change(y, prob, nearly, patient)
    assert found.brier.value == pytest.approx(
        brier(y, nearly, patient).value - brier(y, prob, patient).value
    )
    own = brier(y, prob, patient).interval
    assert np.ptp(found.brier.interval) < 0.1 * np.ptp(own)
    with pytest.raises(ValueError, match="same shape"):
        change(y, prob, prob[1:], patient)


def test_the_class_called_is_right_or_not():
    y = np.array([[1, 0, 0], [0, 1, 0], [np.nan] * 3])
    right, prob = of_called(y, np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6], [1, 0, 0]]))
    assert right[:2].tolist() == [1, 0]
    assert np.isnan(right[2])
    assert prob.tolist() == [0.5, 0.6, 1]
