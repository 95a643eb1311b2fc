import functools

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    f1_score,
    mean_absolute_error,
    mean_squared_error,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
)

from medsmall.evaluation import scored
from medsmall.evaluation.influence import covariance, placements

PATIENTS = 30
FINDING = {
    "auroc": lambda y, p, c, w: roc_auc_score(y, p, sample_weight=w),
    "average_precision": lambda y, p, c, w: average_precision_score(y, p, sample_weight=w),
    "accuracy": lambda y, p, c, w: accuracy_score(y, c, sample_weight=w),
    "sensitivity": lambda y, p, c, w: recall_score(y, c, sample_weight=w),
    "specificity": lambda y, p, c, w: recall_score(1 - y, ~c, sample_weight=w),
    "balanced_accuracy": lambda y, p, c, w: balanced_accuracy_score(y, c, sample_weight=w),
    "cohen_kappa": lambda y, p, c, w: cohen_kappa_score(y, c, sample_weight=w),
    "recall": lambda y, p, c, w: recall_score(y, c, sample_weight=w),
    "precision": lambda y, p, c, w: precision_score(y, c, sample_weight=w),
    "f1": lambda y, p, c, w: f1_score(y, c, sample_weight=w),
}
CLASSES = {
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "cohen_kappa": cohen_kappa_score,
    "macro_f1": functools.partial(f1_score, average="macro"),
}  # fmt: skip
QUANTITY = {
    "mae": lambda y, p, w: mean_absolute_error(y, p, sample_weight=w),
    "rmse": lambda y, p, w: mean_squared_error(y, p, sample_weight=w) ** 0.5,
    "mean_error": lambda y, p, w: np.average(p - y, weights=w),
    "r2": lambda y, p, w: r2_score(y, p, sample_weight=w),
}


def images(seed, ties):
    """Labels, scores with or without ties, and patients of 1 to 5 images, some of both classes."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(PATIENTS), rng.integers(1, 6, PATIENTS))
    y = (rng.random(len(patient)) < 0.4).astype(float)
    prob = 1 / (1 + np.exp(-(y + rng.normal(size=len(y)))))
    return y, prob.round(1) if ties else prob, patient


def check(found, value_of, patient, step=1e-5):
    """The value, and the derivative by each patient's weight as a difference quotient."""
    assert found.value == pytest.approx(value_of(np.ones(len(patient))))
    assert found.influence.sum() == pytest.approx(0, abs=1e-10)
    for person in range(0, PATIENTS, 5):
        heavier, lighter = (value_of(1 + sign * step * (patient == person)) for sign in (1, -1))
        slope = (heavier - lighter) / (2 * step)
        assert found.influence[person] == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("metric", FINDING)
def test_influences_on_scores_of_a_finding_are_derivatives_by_weights(metric, ties):
    y, prob, patient = images(3, ties)
    called = prob >= 0.6
    found = scored.of_finding(metric, y, prob, called, patient, PATIENTS)
    check(found, lambda w: FINDING[metric](y, prob, called, w), patient)


@pytest.mark.parametrize("metric", CLASSES)
def test_influences_on_scores_of_classes(metric):
    rng = np.random.default_rng(4)
    _, _, patient = images(4, ties=False)
    true = rng.integers(0, 3, len(patient))
    called = np.where(rng.random(len(patient)) < 0.5, true, rng.integers(0, 3, len(patient)))
    found = scored.of_classes(metric, true, called, 3, patient, PATIENTS)
    check(found, lambda w: CLASSES[metric](true, called, sample_weight=w), patient)


@pytest.mark.parametrize("metric", QUANTITY)
def test_influences_on_scores_of_numbers(metric):
    rng = np.random.default_rng(5)
    _, _, patient = images(5, ties=False)
    y = rng.normal(120, 40, len(patient))
    predicted = y + rng.normal(3, 12, len(y))
    found = scored.of_quantity(metric, y, predicted, patient, PATIENTS)
    check(found, lambda w: QUANTITY[metric](y, predicted, w), patient, step=1e-4)


def test_unknown_labels_are_left_out_and_their_patients_have_no_influence():
    y, prob, patient = images(6, ties=False)
    unknown = np.isin(patient, (2, 9))
    whole = scored.of_finding("auroc", np.where(unknown, np.nan, y), prob, None, patient, PATIENTS)
    assert whole.value == pytest.approx(roc_auc_score(y[~unknown], prob[~unknown]))
    assert whole.influence[[2, 9]].tolist() == [0, 0]


def test_what_is_undefined_has_no_score():
    one, prob, patient = np.ones(4), np.linspace(0, 1, 4), np.arange(4)
    assert scored.of_finding("auroc", one, prob, None, patient, 4) is None
    y = np.array([1.0, 0, 1, 0])
    assert scored.of_finding("sensitivity", y, prob, None, patient, 4) is None
    assert scored.of_finding("precision", y, prob, prob > 2, patient, 4) is None
    true = np.array([0, 1, 0, 1])
    assert scored.of_classes("macro_f1", true, true, 3, patient, 4) is None
    assert scored.of_classes("cohen_kappa", true, true, 3, patient, 4).value == 1
    assert scored.of_classes("cohen_kappa", 0 * true, true, 3, patient, 4) is None
    assert scored.of_quantity("r2", one, prob, patient, 4) is None
    assert scored.of_quantity("mae", np.full(4, np.nan), prob, patient, 4) is None


@pytest.mark.parametrize("seed", range(5))
def test_placements_are_shares_of_pairs(seed):
    y, prob, _ = images(seed, ties=True)
    positive, negative = prob[y == 1], prob[y == 0]
    pairs = (positive[:, None] > negative) + (positive[:, None] == negative) / 2
    found = placements(y, prob)
    assert found[y == 1] == pytest.approx(pairs.mean(axis=1))
    assert found[y == 0] == pytest.approx(pairs.mean(axis=0))


def test_the_variance_is_delongs_where_each_patient_has_one_image():
    y, prob, _ = images(7, ties=True)
    n = len(y)
    found = scored.of_finding("auroc", y, prob, None, np.arange(n), n)
    placed = placements(y, prob)
    delong = sum(placed[y == k].var() / (y == k).sum() for k in (0, 1))
    assert covariance(found.influence[None])[0, 0] == pytest.approx(delong * n / (n - 1))


def test_the_variance_is_that_of_a_bootstrap_of_patients():
    y, prob, patient = images(8, ties=False)
    rng = np.random.default_rng(0)
    scores = []
    for _ in range(600):
        weight = np.bincount(rng.integers(0, PATIENTS, PATIENTS), minlength=PATIENTS)[patient]
        scores.append(roc_auc_score(y, prob, sample_weight=weight))
    found = scored.of_finding("auroc", y, prob, None, patient, PATIENTS)
    assert covariance(found.influence[None])[0, 0] == pytest.approx(np.var(scores), rel=0.25)
