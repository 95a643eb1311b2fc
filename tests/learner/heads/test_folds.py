"""Folds for cross-validation: no patient is divided, and every train part can be learnt from."""

import numpy as np
import pytest

from medsmall.learner.heads.folds import patient_folds


def drawn(seed):
    """Images of patients with one to six of them, some with both classes."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(6, 80)), int(rng.integers(2, 5))
    patients = rng.integers(0, int(rng.integers(3, n + 1)), n)
    classes = rng.choice(k, n, p=rng.dirichlet(np.ones(k)))
    return patients, classes


@pytest.mark.parametrize("numbers", [False, True])
def test_no_patient_is_divided_and_no_image_held_out_twice(numbers):
    some = 0
    for seed in range(150):
        patients, classes = drawn(seed)
        folds = patient_folds(patients, None if numbers else classes)
        for train, out in folds:
            assert not set(patients[train]) & set(patients[out]), seed
            assert set(classes[out]) <= set(classes[train]) or numbers
        held = np.concatenate([out for _, out in folds]) if folds else np.zeros(0, int)
        assert len(held) == len(set(held))
        some += len(held) > 0.8 * len(patients)
    assert some > 75


def test_every_class_of_two_patients_is_in_each_train_part():
    several = 0
    for seed in range(150):
        patients, classes = drawn(seed)
        repeated = {c for c in classes if len(set(patients[classes == c])) > 1}
        folds = patient_folds(patients, classes)
        several += len(folds) > 1
        for train, _ in folds:
            assert repeated <= set(classes[train])
    assert several > 75


@pytest.mark.parametrize(
    ("patients", "classes", "count"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 1] * 5, 5),
        ([0, 1, 2, 3, 4, 5], [0, 0, 0, 0, 1, 1], 4),
        ([0, 1, 2, 3], [0, 0, 1, 1], 2),
        ([0, 0, 1, 2, 3], [1, 1, 0, 0, 0], 0),  # one patient has all positives
        ([0, 1, 2], [1, 1, 1], 0),
        ([0, 0, 0, 0], [1, 0, 1, 0], 0),
        ([], [], 0),
    ],
)
def test_there_are_as_many_as_the_patients_allow(patients, classes, count):
    assert len(patient_folds(np.array(patients, int), np.array(classes, int))) == count


def test_classes_are_dealt_out_evenly():
    rng = np.random.default_rng(0)
    classes = (rng.random(100) < 0.2).astype(int)
    held = [classes[out].sum() for _, out in patient_folds(np.arange(100), classes)]
    assert max(held) - min(held) <= 1


def test_they_are_the_same_each_time():
    patients, classes = drawn(3)
    one, other = (patient_folds(patients, classes) for _ in range(2))
    assert one
    for (a, b), (c, d) in zip(one, other, strict=True):
        np.testing.assert_array_equal(np.r_[a, b], np.r_[c, d])
