"""The share of positives as the loss weighs them, which is where a calibrated network begins."""

import numpy as np
import pytest
import torch

from medsmall.learner.prevalence import for_validation, prevalence
from medsmall.loss.asymmetric import Asymmetric
from medsmall.loss.bce import BCE
from medsmall.loss.cross_entropy import CrossEntropy
from medsmall.loss.focal import Focal
from medsmall.loss.label_smoothing import LabelSmoothing
from medsmall.loss.logit_adjustment import LogitAdjustment
from medsmall.task import Task

NAN = float("nan")
LABELS = torch.tensor([[1.0, 1.0], [0.0, 1.0], [0.0, NAN], [0.0, 1.0]], dtype=torch.float64)


def fitted(loss, labels, task=Task.MULTILABEL):
    loss.fit(labels, task)
    return loss


@pytest.mark.parametrize(("weighted", "expected"), [(False, 0.25), (True, 0.5)])
@pytest.mark.parametrize("kind", [BCE, CrossEntropy])
def test_of_one_finding(kind, weighted, expected):
    labels = LABELS[:, :1]
    found = prevalence(fitted(kind(weighted=weighted), labels), labels, Task.BINARY)
    assert found == pytest.approx([expected])


def test_of_several_each_counts_its_known_labels():
    plain, weighted = (
        prevalence(fitted(BCE(weighted=w), LABELS), LABELS, Task.MULTILABEL) for w in (False, True)
    )
    assert plain == pytest.approx([0.25, 1.0])
    assert weighted == pytest.approx([0.5, 1.0])
    unknown = torch.full((3, 1), NAN, dtype=torch.float64)
    assert np.isnan(prevalence(fitted(BCE(weighted=False), unknown), unknown, Task.BINARY)).all()


LOSSES = {
    "bce": lambda: BCE(weighted=False),
    "weighted": lambda: BCE(weighted=True),
    "pos_weight": lambda: BCE(weighted=False, pos_weight=4.0),
    "effective": lambda: BCE(weighted=True, beta=0.9),
    "focal": lambda: Focal(gamma=2.0, weighted=False),
    "weighted focal": lambda: Focal(gamma=1.0, weighted=True),
    "smoothing": lambda: LabelSmoothing(epsilon=0.2),
    "adjusted": lambda: LogitAdjustment(tau=1.0),
    "half adjusted": lambda: LogitAdjustment(tau=0.5),
    "asymmetric": lambda: Asymmetric(gamma_positive=0.0, gamma_negative=2.0, margin=0.0),
}


@pytest.mark.parametrize("kind", LOSSES)
def test_a_network_that_has_learnt_nothing_says_just_that(kind):
    """The constant probability of least loss, by trying all."""
    labels = torch.zeros(200, 2, dtype=torch.float64)
    labels[:17, 0], labels[:120, 1] = 1, 1
    loss = fitted(LOSSES[kind](), labels)
    tried = torch.linspace(0.0005, 0.9995, 2000)
    totals = torch.stack([sum_of(loss, p.logit().expand(200, 2), labels) for p in tried])
    found = prevalence(loss, labels, Task.MULTILABEL)
    np.testing.assert_allclose(found, tried[totals.argmin(0)], atol=6e-4)


def sum_of(loss, outputs, labels):
    return loss(outputs, labels)[0].double().sum(0)


@pytest.mark.parametrize("kind", [k for k in LOSSES if k in ("focal", "smoothing", "adjusted")])
def test_of_classes_it_is_the_constant_of_least_loss_too(kind):
    labels = torch.eye(3, dtype=torch.float64)[torch.tensor([0] * 60 + [1] * 30 + [2] * 10)]
    loss = fitted(LOSSES[kind](), labels, Task.MULTICLASS)
    found = prevalence(loss, labels, Task.MULTICLASS)
    assert found.sum() == pytest.approx(1)
    least = sum_of(loss, torch.tensor(found).log().expand(100, 3), labels)
    rng = np.random.default_rng(0)
    for other in rng.dirichlet(1 + 50 * found, 300):
        assert sum_of(loss, torch.tensor(other).log().expand(100, 3), labels) >= least - 1e-4


def test_known_answers():
    labels = torch.zeros(100, 1, dtype=torch.float64)
    labels[:10] = 1
    for kind, expected in [
        ("adjusted", 0.5),
        ("smoothing", 0.8 * 0.1 + 0.1),
        ("pos_weight", 4 / 13),
    ]:
        found = prevalence(fitted(LOSSES[kind](), labels, Task.BINARY), labels, Task.BINARY)
        assert found == pytest.approx([expected], abs=1e-5)
    classes = torch.eye(3, dtype=torch.float64)[torch.tensor([0] * 6 + [1] * 3)]
    for weighted, expected in [(False, [2 / 3, 1 / 3, 0]), (True, [1 / 2, 1 / 2, 0])]:
        loss = fitted(CrossEntropy(weighted), classes, Task.MULTICLASS)
        found = prevalence(loss, classes, Task.MULTICLASS)
        np.testing.assert_allclose(found, expected, atol=1e-6)
    focal = fitted(Focal(gamma=2.0, weighted=True), classes, Task.MULTICLASS)
    found = prevalence(focal, classes, Task.MULTICLASS)
    np.testing.assert_allclose(found, [1 / 2, 1 / 2, 0], atol=1e-4)
    for kind in ("focal", "smoothing", "adjusted"):
        found = prevalence(
            fitted(LOSSES[kind](), classes, Task.MULTICLASS), classes, Task.MULTICLASS
        )
        assert found[2] == 0  # exactly: the correction would divide by it
        assert found.sum() == pytest.approx(1)


def test_validation_is_scored_by_other_shares_only_beyond_chance():
    labels = np.r_[np.ones(20), np.zeros(180)][:, None]
    assert for_validation(np.array([0.1]), labels) is None
    assert for_validation(np.array([0.13]), labels) is None  # 1.4 standard errors
    found = for_validation(np.array([0.5]), labels)
    assert (found.fit, found.population) == (0.5, 0.1)
    assert for_validation(np.array([0.5]), labels[18:24]) is None  # 2 of 6
    assert for_validation(np.array([0.5]), np.full((5, 1), NAN)) is None
    assert for_validation(np.array([NAN]), labels) is None
