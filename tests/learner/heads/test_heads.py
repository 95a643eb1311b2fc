"""Heads on frozen features against scikit-learn run directly, and their records."""

import shutil

import numpy as np
import pytest
from made_examples import examples
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import NearestCentroid
from sklearn.svm import LinearSVC, LinearSVR
from small_run import TASKS

from medsmall.errors import MedsmallError
from medsmall.learner.heads.calibration import solve_calibrated
from medsmall.learner.linear_svm import FINDINGS, MARGIN, LinearSVM, separating, tube
from medsmall.learner.probe import Probe
from medsmall.learner.prototypes import Prototypes, prototypes
from medsmall.learner.ridge import SOLVER, RidgeHead, least_squares
from medsmall.record import Record
from medsmall.task import Task

LINEAR = {"ridge": "inverse_penalty", "linear_svm": "inverse_penalty", "prototypes": None}
FEWER = {
    "multiclass": ["dataset.phantom_patients=70"],
    "regression": ["dataset.phantom_patients=30"],
}
CLASSES = [Task.BINARY, Task.MULTICLASS]


def scaled(x):
    return (x - x.mean(0)) / np.sqrt(x.var(0).sum())


def decided(solver, x):
    found = solver.decision_function(x)
    return found if found.ndim == 2 else found[:, None]


@pytest.mark.parametrize("task", CLASSES)
def test_ridge_is_that_of_scikit_learns_classifier(task):
    of = examples(task=task)
    x = scaled(of.plain)
    solver = RidgeClassifier(alpha=1 / 3.0).fit(x, of.classes)
    found = least_squares(*of.rows, 3.0).outputs(of.plain)
    np.testing.assert_allclose(found, decided(solver, x), atol=1e-8)


@pytest.mark.parametrize("task", CLASSES)
def test_the_svm_is_scikit_learns(task):
    of = examples(task=task)
    x = scaled(of.plain)
    solver = LinearSVC(C=3.0, max_iter=10_000, random_state=0).fit(x, of.classes)
    found = separating(*of.rows, 3.0).outputs(of.plain)
    np.testing.assert_allclose(found, decided(solver, x), atol=1e-3)


def test_the_svm_of_numbers_is_scikit_learns():
    of = examples(task=Task.REGRESSION)
    x = scaled(of.plain)
    solver = LinearSVR(C=3.0, epsilon=MARGIN, max_iter=10_000, random_state=0)
    expected = solver.fit(x, of.labels[:, 0]).predict(x)
    found = tube(*of.rows, 3.0).outputs(of.plain)[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("task", CLASSES)
@pytest.mark.parametrize("views", [1, 3])
def test_prototypes_call_the_nearest_centroid(task, views):
    of = examples(task=task, views=views, signal=0.5)
    rows, _ = of.rows
    expected = NearestCentroid().fit(rows, np.repeat(of.classes, views)).predict(of.plain)
    outputs = prototypes(of)[0].outputs(of.plain)
    called = outputs.argmax(1) if task == Task.MULTICLASS else (outputs[:, 0] > 0).astype(int)
    np.testing.assert_array_equal(called, expected)
    assert (called != of.classes).sum() > 0


@pytest.mark.parametrize("task", CLASSES)
def test_prototypes_hold_out_each_patient_as_a_loop_would(task):
    of = examples(n=24, task=task, views=2, per_patient=3)
    found = prototypes(of)[1]
    for patient in range(8):
        own, rest = (np.flatnonzero((of.patients == patient) == side) for side in (True, False))
        expected = prototypes(of.at(rest))[0].outputs(of.plain[own])
        differences = [z - z[:, :1] if z.shape[1] > 1 else z for z in (found[own], expected)]
        np.testing.assert_allclose(*differences, atol=1e-8)


def test_a_class_of_one_patient_cannot_be_held_out():
    of = examples(n=6, per_patient=1)
    labels = np.array([[1.0], [0], [0], [0], [0], [0]])
    one = type(of)(of.features, labels, of.patients, labels[:, 0].astype(int))
    held_out = prototypes(one)[1][:, 0]
    assert np.isnan(held_out).tolist() == [True] + [False] * 5


@pytest.mark.parametrize("solver", [SOLVER, FINDINGS])
def test_labels_all_alike_are_the_same_for_every_image(solver):
    of = examples(n=10)
    ones = type(of)(of.features, np.ones((10, 1)), of.patients, np.ones(10, int))
    head, facts = solve_calibrated(ones, solver, None)
    assert facts["folds"] == 0
    assert not head.weight.any()
    assert 1 / (1 + np.exp(-head.bias[0])) == pytest.approx(10.5 / 11)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("learner", LINEAR)
def test_records_are_of_ordinary_networks(learner, task, train_small):
    if task == "regression" and learner != "linear_svm":
        with pytest.raises(MedsmallError, match="is for classes, but boneage .* learner=probe"):
            train_small(f"learner={learner}", *FEWER[task], base=TASKS[task])
        return
    folder = train_small(f"learner={learner}", *FEWER.get(task, []), base=TASKS[task])
    record = Record.open(folder)
    values = record.predictions.filter(regex="^prob_").to_numpy()
    if task == "multiclass":
        np.testing.assert_allclose(values.sum(1), 1)
    assert np.isfinite(values).all()
    fact = LINEAR[learner]
    columns = set(record.history.columns)
    if task == "multilabel" and fact:
        assert {f"{fact}_Effusion", "folds_Hernia"} <= columns
    else:
        assert ({fact, "folds"} <= columns) == bool(fact)
    from medsmall.model import Model

    assert Model.load(record.model).targets.task == task


def contents(folder):
    """What must repeat to the bit."""
    found = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    found["weights_sha256"] = Record.open(folder).metrics["weights_sha256"]
    file = folder / "neighbours.safetensors"
    found["neighbours"] = file.read_bytes() if file.is_file() else b""
    return found


@pytest.mark.parametrize("learner", [*LINEAR, "probe", "knn"])
def test_bits_repeat_and_views_change_them(learner, train_small):
    words = [f"learner={learner}", "learner.train_views=2"]
    plain = train_small(words[0])
    folder = train_small(*words)
    assert folder != plain
    first = contents(folder)
    changed = "neighbours" if learner == "knn" else "weights_sha256"
    assert first[changed] != contents(plain)[changed]
    shutil.rmtree(folder)
    assert train_small(*words) == folder
    assert contents(folder) == first


@pytest.mark.parametrize("made", [Probe, RidgeHead, LinearSVM])
def test_arguments_out_of_range_are_refused(made):
    with pytest.raises(MedsmallError, match="train_views must be 0 or more"):
        made("x", None, -1)
    with pytest.raises(MedsmallError, match="inverse_penalty must lie in"):
        made("x", 0.0, 0)
    with pytest.raises(MedsmallError, match="train_views must be 0 or more"):
        Prototypes("x", -1)
    made("x", None, 0)
