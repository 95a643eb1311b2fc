"""Forests, boosted trees and the prior: against scikit-learn, in every task, and their files."""

import numpy as np
import pytest
from made_examples import examples
from safetensors.numpy import load_file
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from skops.io import get_untrusted_types, load
from small_run import TASKS

from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.learner.gradient_boosting import GradientBoosting
from medsmall.learner.heads.trees import grown
from medsmall.learner.prior import Prior
from medsmall.learner.random_forest import RandomForest
from medsmall.task import Task
from medsmall.train import train

FOREST = RandomForest("forest", trees=20, leaf=2, seed=3)
BOOSTING = GradientBoosting("boosting", trees=10, leaves=4, leaf=2, rate=0.1, seed=3)
ZERO, ONE = np.zeros(1), np.ones(1)


def test_a_forest_is_scikit_learns():
    of = examples(task=Task.BINARY)
    found = grown(FOREST._made, False, ZERO, ONE, [of]).predict(of.plain)
    expected = RandomForestClassifier(20, min_samples_leaf=2, random_state=3)
    expected.fit(of.plain, of.labels[:, 0].astype(int))
    np.testing.assert_array_equal(found[:, 0], expected.predict_proba(of.plain)[:, 1])


def test_boosting_is_scikit_learns():
    of = examples(task=Task.MULTICLASS)
    k = of.labels.shape[1]
    found = grown(BOOSTING._made, False, np.zeros(k), np.ones(k), [of]).predict(of.plain)
    expected = HistGradientBoostingClassifier(
        max_iter=10, max_leaf_nodes=4, min_samples_leaf=2, early_stopping=False, random_state=3
    ).fit(of.plain, of.labels.argmax(1))
    np.testing.assert_array_equal(found, expected.predict_proba(of.plain))


def test_a_class_without_images_is_never_called_and_labels_that_are_alike_are_the_answer():
    of = examples(task=Task.MULTICLASS)
    some = of.at(np.flatnonzero(of.classes != 1))
    k = of.labels.shape[1]
    found = grown(FOREST._made, False, np.zeros(k), np.ones(k), [some]).predict(of.plain)
    assert not found[:, 1].any()
    np.testing.assert_allclose(found.sum(1), 1)
    alike = examples(task=Task.BINARY)
    same = alike.at(np.flatnonzero(alike.classes == 1))
    assert set(grown(FOREST._made, False, ZERO, ONE, [same]).predict(of.plain)[:, 0]) == {1.0}


def test_numbers_come_back_in_their_unit():
    of = examples(task=Task.REGRESSION)
    trees = grown(FOREST._made, True, np.array([100.0]), np.array([20.0]), [of])
    found = trees.predict(of.plain)[:, 0]
    assert np.corrcoef(found, of.labels[:, 0])[0, 1] > 0.9
    assert found.mean() == pytest.approx(100 + 20 * of.labels.mean(), abs=3)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("learner", ["random_forest", "gradient_boosting", "prior"])
def test_records_of_every_task(task, learner, tmp_path, outputs):
    fewer = [] if learner == "prior" else ["learner.trees=5"]
    words = [*TASKS[task], f"learner={learner}", *fewer, "features=radiomics", "split=stratified"]
    roots = [f"output_root={outputs}", f"cache_root={outputs}/cache"]
    record = train(compose([*words, *roots]))
    names = list(record.metrics["test"]["targets"])
    prefix = "pred" if task == "regression" else "prob"
    predicted = record.predictions[[f"{prefix}_{name}" for name in names]].to_numpy()
    assert np.isfinite(predicted).all()
    if task == "multiclass":
        np.testing.assert_allclose(predicted.sum(1), 1, rtol=1e-6)
    if learner == "prior":
        (answer,) = np.unique(predicted, axis=0)
        kept = load_file(record.folder / "prior.safetensors")["answer"]
        np.testing.assert_allclose(answer, kept)
        train_rows = record.draw.loc[record.draw["part"] == "train", names]
        np.testing.assert_allclose(answer, train_rows.mean())
    else:
        file = record.folder / "trees.skops"
        trusted = get_untrusted_types(file=file)
        assert all(one.startswith(("sklearn.", "numpy.")) for one in trusted)
        assert len(load(file, trusted=trusted)["estimators"]) == (
            1 if task == "multiclass" else len(names)
        )


def test_the_prior_has_no_use_for_pixels(outputs):
    from medsmall.resolve import resolve

    words = [*TASKS["binary"], "learner=prior", f"output_root={outputs}"]
    keys = {
        resolve(compose([*words, *more])).key
        for more in ([], ["features=radiomics"], ["backbone=resnet50"])
    }
    assert len(keys) == 1
    assert Prior("prior").check(None, None, 0) is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RandomForest("f", trees=0, leaf=2, seed=0), "learner.trees must be 1 or more"),
        (lambda: RandomForest("f", trees=5, leaf=0, seed=0), "learner.leaf must be 1 or more"),
        (lambda: GradientBoosting("b", 5, 1, 2, 0.1, 0), "learner.leaves must be 2 or more"),
        (lambda: GradientBoosting("b", 5, 4, 2, 0.0, 0), "learner.rate must lie above 0"),
        (
            lambda: GradientBoosting("b", 5, 4, 2, 0.1, 0, train_views=-1),
            "learner.train_views must be 0 or more",
        ),
    ],
)
def test_a_wrong_value_is_one_sentence(make, words):
    with pytest.raises(MedsmallError, match=words):
        make()


def test_a_leaf_is_as_large_in_images_however_many_views_there_are():
    assert FOREST._made(False, 5).min_samples_leaf == 5 * FOREST._made(False, 1).min_samples_leaf
    assert BOOSTING._made(True, 3).min_samples_leaf == 3 * BOOSTING.leaf
