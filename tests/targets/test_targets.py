"""What the kinds of targets are learnt, predicted and scored as, against NumPy and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, mean_absolute_error, roc_auc_score, roc_curve
from sklearn.preprocessing import StandardScaler

from medsmall.evaluation.classes import evaluate_classes
from medsmall.evaluation.metrics import evaluate
from medsmall.evaluation.prior_shift import Shares
from medsmall.evaluation.regression import evaluate_regression
from medsmall.loss import bce, cross_entropy, regression
from medsmall.targets import Classes, Findings, Quantities, targets_of
from medsmall.task import Task
from medsmall.threshold.youden import Youden

NAN = float("nan")
NAMES = ["Hernia", "Edema", "Mass"]
FINDINGS = targets_of(NAMES, Task.MULTILABEL)
CLASSES = targets_of(NAMES, Task.MULTICLASS)
QUANTITIES = targets_of(["months", "cm"], Task.REGRESSION)


def shares(fit):
    return Shares(fit, np.full(len(fit), 0.3))


def findings(seed=0, n=80, k=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, (n, k)).astype(float)
    prob = np.clip(0.3 * y + 0.7 * rng.random((n, k)), 0, 1)
    y[rng.random((n, k)) < 0.2] = NAN
    return y, prob


def classes(seed=0, n=80, k=3):
    rng = np.random.default_rng(seed)
    y = np.eye(k)[np.r_[np.arange(k), rng.integers(0, k, n - k)]]
    prob = rng.dirichlet(np.ones(k), n) / 2 + y / 2
    y[rng.random(n) < 0.2] = NAN
    return y, prob


def quantities(seed=0, n=80):
    rng = np.random.default_rng(seed)
    y = rng.normal([120.0, 0.5], [40.0, 0.01], (n, 2))
    predicted = y + rng.normal(0, [10.0, 0.01], (n, 2))
    y[rng.random((n, 2)) < 0.2] = NAN
    return y, predicted


@pytest.mark.parametrize(
    ("task", "names", "kind"),
    [
        (Task.BINARY, NAMES[:1], Findings),
        (Task.MULTILABEL, NAMES, Findings),
        (Task.MULTICLASS, NAMES, Classes),
        (Task.REGRESSION, ["months"], Quantities),
    ],
)
def test_each_task_has_its_kind_which_keeps_names_and_task(task, names, kind):
    found = targets_of(tuple(names), task)
    assert type(found) is kind
    assert (found.names, found.task) == (names, task)
    assert found == targets_of(names, task)


def test_every_task_has_a_kind_whose_own_loss_takes_it():
    losses = {"bce": bce.BCE, "cross_entropy": cross_entropy.CrossEntropy,
              "mae": regression.RegressionLoss}  # fmt: skip
    for task in Task:
        assert task in losses[targets_of(NAMES, task).loss].tasks


@pytest.mark.parametrize(
    ("targets", "labels"), [(FINDINGS, findings()[0]), (CLASSES, classes()[0])]
)
def test_labels_of_findings_and_classes_are_learnt_as_they_are(targets, labels):
    offset, scale = targets.moments(torch.tensor(labels))
    assert offset.shape == scale.shape == (1, 3)
    assert not offset.any()
    assert (scale == 1).all()


def test_moments_of_numbers_are_mean_and_population_deviation_of_the_known():
    labels, _ = quantities()
    offset, scale = QUANTITIES.moments(torch.tensor(labels))
    assert offset.shape == scale.shape == (1, 2)
    assert offset.dtype == scale.dtype == torch.float32
    expected = StandardScaler().fit(labels)
    np.testing.assert_allclose(offset[0], expected.mean_, rtol=1e-6)
    np.testing.assert_allclose(scale[0], expected.scale_, rtol=1e-6)


def test_numbers_that_are_all_equal_can_still_be_divided():
    labels = torch.tensor([[7.0, 1.0], [7.0, 2.0], [NAN, NAN]], dtype=torch.float64)
    offset, scale = QUANTITIES.moments(labels)
    assert offset.tolist() == [[7.0, 1.5]]
    assert 0 < scale[0, 0] < 1e-3
    assert ((labels - offset) / scale)[:2, 0].tolist() == [0.0, 0.0]
    assert scale[0, 1] == 0.5


def test_activations_are_sigmoid_softmax_and_none():
    z = torch.randn(9, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = FINDINGS.activate(z).numpy()
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-z.numpy())), rtol=1e-12)
    found = CLASSES.activate(z).numpy()
    e = np.exp(z.numpy())
    np.testing.assert_allclose(found, e / e.sum(1, keepdims=True), rtol=1e-12)
    assert QUANTITIES.activate(z).equal(z)


def test_extreme_logits_are_probabilities():
    z = torch.tensor([[1000.0, -1000.0, 0.0]], dtype=torch.float64)
    assert FINDINGS.activate(z).tolist() == [[1.0, 0.0, 0.5]]
    assert CLASSES.activate(z).tolist() == [[1.0, 0.0, 0.0]]


def test_thresholds_have_the_largest_youden_index_of_all():
    y, prob = findings()
    found = FINDINGS.thresholds(y, prob, Youden(), shares(np.full(3, 0.5)))
    assert list(found) == NAMES
    for k, name in enumerate(NAMES):
        known = ~np.isnan(y[:, k])
        true, p = y[known, k] == 1, prob[known, k]
        false_rate, true_rate, _ = roc_curve(true, p, drop_intermediate=False)
        called = p >= found[name].value
        index = called[true].mean() - called[~true].mean()
        assert index == pytest.approx((true_rate - false_rate).max())


def test_a_finding_without_both_classes_has_no_threshold():
    y, prob = findings()
    y[:, 0], y[:, 1] = 0.0, NAN
    found = FINDINGS.thresholds(y, prob, Youden(), shares(np.array([0.0, NAN, 0.5])))
    assert found["Hernia"] is found["Edema"] is None
    assert found["Mass"].source == "validation"


def test_a_finding_with_few_labels_in_validation_has_the_prevalence_in_training():
    y, prob = findings()
    prevalence = np.array([0.1, 0.5, 0.7])
    found = FINDINGS.thresholds(y[:12], prob[:12], Youden(), shares(prevalence))
    assert list(found.values()) == [(share, "prevalence") for share in prevalence]


def test_numbers_and_classes_need_no_threshold():
    assert QUANTITIES.thresholds(*quantities(), Youden(), shares(np.full(2, NAN))) == {}
    assert CLASSES.thresholds(*classes(), Youden(), shares(np.full(3, NAN))) == {}


def test_validation_can_choose_with_ten_of_either_class_or_twenty_numbers():
    for positives, negatives, can in [(10, 10, True), (9, 50, False), (50, 9, False)]:
        y = np.full((positives + negatives, 3), NAN)
        y[:, 1] = [1] * positives + [0] * negatives
        assert FINDINGS.can_choose(y) is can
    for images, can in [(20, True), (19, False)]:
        assert (
            QUANTITIES.can_choose(
                np.c_[np.full(30, NAN), np.r_[[1.0] * images, [NAN] * (30 - images)]]
            )
            is can
        )


def test_the_mean_of_the_learnt_leaves_out_what_training_had_no_both_labels_of():
    y, prob = findings()
    train = y.copy()
    train[:, 0], train[:, 2] = 0.0, NAN
    learnt = FINDINGS.learnt_from(train)
    assert learnt["Hernia"] == {"n_train": len(y), "n_train_positive": 0}
    assert learnt["Mass"] == {"n_train": 0, "n_train_positive": 0} or NAMES[2] != "Mass"
    found = FINDINGS.evaluate(y, prob, {})
    by_target = {name: values | learnt[name] for name, values in found["targets"].items()}
    mean = FINDINGS.mean(by_target)
    assert mean["auroc_over"] == 1
    assert mean["auroc"] == found["targets"][NAMES[1]]["auroc"]
    nothing = {
        name: values | {"n_train": 9, "n_train_positive": 0} for name, values in by_target.items()
    }
    assert FINDINGS.mean(nothing)["auroc"] is None


UNITS = np.array(["s2", "s1", "s2", "s1", "s3"])


@pytest.mark.parametrize("targets", [FINDINGS, CLASSES])
def test_a_unit_has_what_any_image_has_and_the_mean_probability(targets):
    y = np.array([[0, 0, NAN], [1, NAN, NAN], [0, 1, NAN], [0, 0, 1.0], [NAN, 1, 0]])
    prob = np.arange(15).reshape(5, 3) / 20
    labels, means = targets.per_unit(y, prob, UNITS)
    np.testing.assert_array_equal(labels, [[1, 0, 1], [0, 1, NAN], [NAN, 1, 0]])
    np.testing.assert_allclose(means, [(prob[1] + prob[3]) / 2, (prob[0] + prob[2]) / 2, prob[4]])


def test_a_unit_of_numbers_is_the_mean_of_both():
    y = np.array([[1.0, NAN], [4, 3], [3, NAN], [NAN, 5], [9, 9]])
    predicted = np.arange(10.0).reshape(5, 2)
    labels, means = QUANTITIES.per_unit(y, predicted, UNITS)
    np.testing.assert_array_equal(labels, [[4, 4], [2, NAN], [9, 9]])
    np.testing.assert_array_equal(means, [[4, 5], [2, 3], [8, 9]])


def test_evaluations_are_those_of_the_task():
    y, prob = findings()
    thresholds = dict.fromkeys(NAMES, 0.4)
    expected = evaluate(y, prob, NAMES, thresholds)
    assert FINDINGS.evaluate(y, prob, thresholds) == expected
    y, prob = classes()
    expected = evaluate_classes(y, prob, NAMES)
    assert CLASSES.evaluate(y, prob, thresholds) == expected
    assert expected["balanced_accuracy"] > 0
    y, predicted = quantities()
    expected = evaluate_regression(y, predicted, ["months", "cm"])
    assert QUANTITIES.evaluate(y, predicted, {}) == expected


@pytest.mark.parametrize("targets", [FINDINGS, CLASSES, QUANTITIES])
def test_headline_headings_and_counts_are_metrics_of_the_evaluation(targets):
    make = {FINDINGS.task: findings, CLASSES.task: classes, QUANTITIES.task: quantities}
    found = targets.evaluate(*make[targets.task](), {})
    assert targets.headline in targets.headings
    for of_target in found["targets"].values():
        assert of_target.keys() >= {*targets.headings, *targets.counts}
    assert found["mean"].keys() >= {*targets.headings, f"{targets.headline}_over"}


def test_validation_of_findings_is_log_loss_over_the_known_and_mean_auroc():
    y, prob = findings()
    found = FINDINGS.validation(y, prob, np.ones((1, 3)))
    known = ~np.isnan(y)
    assert found["loss"] == pytest.approx(log_loss(y[known], prob[known]))
    aurocs = [roc_auc_score(y[known[:, k], k], prob[known[:, k], k]) for k in range(3)]
    assert found == {"loss": found["loss"], "auroc": pytest.approx(np.mean(aurocs))}


def test_validation_leaves_out_findings_of_one_class_and_is_none_without_any():
    y, prob = findings()
    y[:, 0] = 0.0
    known = ~np.isnan(y)
    aurocs = [roc_auc_score(y[known[:, k], k], prob[known[:, k], k]) for k in (1, 2)]
    found = FINDINGS.validation(y, prob, np.ones((1, 3)))
    assert found["auroc"] == pytest.approx(np.mean(aurocs))
    assert FINDINGS.validation(np.zeros_like(y), prob, np.ones((1, 3)))["auroc"] is None
    nothing = FINDINGS.validation(np.full_like(y, NAN), prob, np.ones((1, 3)))
    assert nothing == {"loss": None, "auroc": None}


def test_a_finding_with_few_labels_does_not_sway_the_validation_of_the_others():
    y, prob = findings()
    y[:, 0] = np.arange(80) < 1
    aurocs = FINDINGS.evaluate(y, prob, {})["targets"]
    many = np.mean([aurocs[name]["auroc"] for name in NAMES[1:]])
    assert FINDINGS.validation(y, prob, np.ones((1, 3)))["auroc"] == pytest.approx(many)
    few = y[:12], prob[:12]
    everyone = FINDINGS.evaluate(*few, {})["mean"]["auroc"]
    assert FINDINGS.validation(*few, np.ones((1, 3)))["auroc"] == pytest.approx(everyone)


def test_validation_of_classes_is_that_of_the_true_class_and_each_against_the_rest():
    y, prob = classes()
    known = ~np.isnan(y).any(1)
    found = CLASSES.validation(y, prob, np.ones((1, 3)))
    assert found["loss"] == pytest.approx(log_loss(y[known].argmax(1), prob[known]))
    expected = roc_auc_score(y[known].argmax(1), prob[known], multi_class="ovr", average="macro")
    assert found["auroc"] == pytest.approx(expected)
    assert found["loss"] != pytest.approx(FINDINGS.validation(y, prob, np.ones((1, 3)))["loss"])


def test_validation_of_numbers_is_squared_error_standardised_and_mean_error_in_their_unit():
    y, predicted = quantities()
    scale = np.nanstd(y, axis=0, keepdims=True)
    found = QUANTITIES.validation(y, predicted, scale)
    known = ~np.isnan(y)
    standard = StandardScaler().fit(y)
    squared = (standard.transform(y) - standard.transform(predicted))[known] ** 2
    assert found["loss"] == pytest.approx(squared.mean())
    errors = [mean_absolute_error(y[known[:, k], k], predicted[known[:, k], k]) for k in (0, 1)]
    assert found == {"loss": found["loss"], "mae": pytest.approx(np.mean(errors))}


def test_the_unit_of_numbers_moves_their_mean_error_and_not_the_loss():
    y, predicted = quantities()
    scale = np.nanstd(y, axis=0, keepdims=True)
    found = QUANTITIES.validation(y, predicted, scale)
    in_days = QUANTITIES.validation(30 * y, 30 * predicted, 30 * scale)
    assert in_days["loss"] == pytest.approx(found["loss"])
    assert in_days["mae"] == pytest.approx(30 * found["mae"])


def test_a_number_that_is_never_known_has_the_scale_one():
    offset, scale = QUANTITIES.moments(torch.tensor([[1.0, float("nan")], [3.0, float("nan")]]))
    assert offset.tolist() == [[2.0, 0.0]]
    assert scale.tolist() == [[1.0, 1.0]]


def test_the_mean_of_the_trained_leaves_out_whatever_had_one_label_alone():
    """All negative, all positive, or nothing known: none of them could be learnt."""
    y, prob = findings(seed=3, k=3)
    for train in ([0.0, 0.0, NAN], [1.0, 1.0, NAN], [NAN, NAN, NAN]):
        learnt = FINDINGS.learnt_from(np.c_[[0.0, 1.0, NAN], train, [1.0, 0.0, 0.0]])
        scored = FINDINGS.evaluate(y, prob, {})["targets"]
        mean = FINDINGS.mean({name: scored[name] | learnt[name] for name in NAMES})
        known = [scored[name]["auroc"] for name in ("Hernia", "Mass")]
        assert mean["auroc"] == pytest.approx(np.mean(known))
        assert mean["auroc_over"] == 2
