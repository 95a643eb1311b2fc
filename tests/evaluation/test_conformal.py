import subprocess
import sys

import numpy as np
import pytest
from scipy.special import expit, softmax

from medsmall.evaluation.conformal import classes_of, quantile, scores, sets
from medsmall.evaluation.conformal_measured import attained, measured
from medsmall.evaluation.one_each import one_of_each


def made(seed, patients, k=4, skill=2.0):
    """Labels, overconfident probabilities, and patients of 1 to 3 images that are alike."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    label = rng.choice(k, patients, p=np.arange(k, 0, -1) / (k * (k + 1) / 2))[patient]
    noise = rng.normal(size=(patients, k))[patient] + rng.normal(size=(len(patient), k))
    return np.eye(k)[label], softmax(2 * (skill * np.eye(k)[label] + noise), axis=1), patient


@pytest.mark.parametrize("patients", [9, 19, 50, 200])
def test_new_patients_are_in_their_sets_as_promised(patients):
    alpha, held = 0.1, []
    for seed in range(400):
        y, prob, patient = made(seed, patients + 40)
        seen = patient < patients
        q = quantile(scores(y[seen], prob[seen], patient[seen]), alpha)
        found = sets(prob[~seen], q)
        right = found[np.arange(len(found)), y[~seen].argmax(axis=1)]
        times = np.bincount(patient[~seen] - patients)
        held.append((np.bincount(patient[~seen] - patients, right) / times).mean())
    error = np.std(held) / np.sqrt(len(held))
    assert np.mean(held) > 1 - alpha - 3 * error
    assert np.mean(held) < 1 - alpha + 1 / (patients + 1) + 3 * error + 0.005


@pytest.mark.parametrize(("alpha", "least"), [(0.1, 9), (0.05, 19), (0.2, 4), (0.3, 3), (0.01, 99)])
def test_too_few_patients_are_refused_not_given_all_classes(alpha, least):
    few = np.linspace(0.1, 0.5, least - 1)
    reason = quantile(few, alpha)
    assert reason == f"there are {least - 1} patients, sets that miss {alpha} need {least}"
    assert quantile(np.linspace(0.1, 0.5, least), alpha) == 0.5
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(few, 1.0)


def test_the_quantile_is_that_of_its_rank():
    values = np.random.default_rng(0).permutation(np.arange(1, 100) / 100)
    assert quantile(values, 0.1) == pytest.approx(0.90)
    assert quantile(values, 0.05) == pytest.approx(0.95)


def test_sets_hold_what_is_near_enough_and_never_nothing():
    prob = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25]])
    assert sets(prob, 0.3 + 1e-12).tolist() == [[True, False, False], [True, False, False]]
    assert sets(prob, 0.65 + 1e-12).tolist() == [[True, False, False], [True, True, False]]
    assert sets(prob, 0.0).sum(axis=1).tolist() == [1, 1]
    assert sets(prob, 1.0).all()


def test_a_patient_gives_one_score_whatever_the_labels():
    y, prob, patient = made(1, 30)
    rows = one_of_each(patient)
    assert patient[rows].tolist() == list(range(30))
    found = scores(y, prob, patient)
    assert found == pytest.approx(1 - prob[rows, y[rows].argmax(axis=1)])
    assert (scores(y, prob, patient) == found).all()
    assert len({tuple(one_of_each(patient, seed)) for seed in range(9)}) > 1
    y[:9] = np.nan
    assert len(scores(y, prob, patient)) == len(np.unique(patient[9:]))
    assert len(scores(y * np.nan, prob, patient)) == 0


def test_a_finding_has_the_classes_absent_and_present():
    y, prob = classes_of(np.array([1, 0, np.nan]), np.array([0.8, 0.3, 0.5]))
    assert y[:2].tolist() == [[0, 1], [1, 0]]
    assert prob[0] == pytest.approx([0.2, 0.8])
    one = scores(np.array([1.0, 0.0, np.nan]), np.array([0.8, 0.3, 0.5]), np.arange(3))
    assert one == pytest.approx([0.2, 0.3])


def test_the_measured_coverage_is_about_the_promised_one_and_its_interval_holds_it():
    coverage, held = [], []
    for seed in range(60):
        found = measured(*made(seed, 120), alpha=0.1, seed=seed)
        coverage.append(found.coverage.value)
        held.append(found.coverage.interval.low <= 55 / 61 <= found.coverage.interval.high)
        assert found.one_quantile.low < 0.9 < found.one_quantile.high
        assert 1 <= found.size.value <= 4
        assert len(found.by_class) == 4
    assert np.mean(coverage) == pytest.approx(55 / 61, abs=0.01)
    assert np.mean(held) > 0.9


def test_classes_may_be_missed_though_all_together_are_not():
    found = measured(*made(2, 300), alpha=0.1)
    rare, common = found.by_class[3].value, found.by_class[0].value
    assert min(rare, common) <= found.coverage.value <= max(rare, common)


def test_a_finding_is_measured_too_and_few_patients_are_not():
    rng = np.random.default_rng(3)
    y = (rng.random(100) < 0.3).astype(float)
    prob = expit(2 * y - 1 + rng.normal(size=100))
    found = measured(y, prob, np.arange(100), 0.1)
    assert found.coverage.value == pytest.approx(0.9, abs=0.05)
    assert len(found.by_class) == 2
    assert found == measured(y, prob, np.arange(100), 0.1)
    reason = measured(y[:16], prob[:16], np.arange(16), 0.1)
    assert reason.startswith("half of the patients are too few: there are 8 patients")
    assert "0 patients" in measured(y * np.nan, prob, np.arange(100), 0.1)


def test_one_quantile_attains_what_beta_says():
    low, high = attained(50, 0.1)
    rng = np.random.default_rng(0)
    drawn = np.sort(rng.random((20_000, 50)), axis=1)[:, 45]  # the 46th of uniform scores
    assert np.mean((drawn >= low) & (drawn <= high)) == pytest.approx(0.95, abs=0.01)


def test_sets_are_made_with_numpy_alone():
    code = (
        "import sys, numpy, medsmall.evaluation.conformal as c\n"
        "c.sets(numpy.eye(2), c.quantile(numpy.arange(9) / 9, 0.1))\n"
        "assert not {'scipy', 'sklearn', 'pandas', 'torch'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
