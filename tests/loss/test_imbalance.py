"""Losses for imbalanced or noisy labels, against torch, torchvision and the papers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss

from medsmall.errors import MedsmallError
from medsmall.loss.asymmetric import Asymmetric
from medsmall.loss.bce import BCE
from medsmall.loss.class_weights import balanced
from medsmall.loss.cross_entropy import CrossEntropy
from medsmall.loss.focal import Focal
from medsmall.loss.label_smoothing import LabelSmoothing
from medsmall.loss.logit_adjustment import LogitAdjustment
from medsmall.task import Task

NAN = float("nan")
FINDINGS, CLASSES = Task.MULTILABEL, Task.MULTICLASS
KINDS = {
    "focal": lambda: Focal(gamma=2.0, weighted=False),
    "weighted focal": lambda: Focal(gamma=2.0, weighted=True),
    "smoothing": lambda: LabelSmoothing(epsilon=0.1),
    "adjusted": lambda: LogitAdjustment(tau=1.0),
    "asymmetric": lambda: Asymmetric(gamma_positive=1.0, gamma_negative=4.0, margin=0.05),
    "bce": lambda: BCE(weighted=True, beta=0.99),
    "pos_weight": lambda: BCE(weighted=False, pos_weight=[2.0, 3.0, 5.0]),
}
BOTH = ["focal", "weighted focal", "smoothing", "adjusted"]  # for findings and for classes


def fitted(loss, labels, task):
    loss.fit(torch.as_tensor(labels, dtype=torch.float64), task)
    return loss


def drawn(task, rows=60, seed=0):
    rng = np.random.default_rng(seed)
    if task == CLASSES:
        return torch.eye(3)[torch.tensor(rng.choice(3, rows, p=[0.7, 0.2, 0.1]))]
    return torch.tensor((rng.random((rows, 3)) < [0.1, 0.3, 0.6]).astype(np.float32))


def logits(rows=60, seed=0, spread=3.0):
    return spread * torch.randn(rows, 3, generator=torch.Generator().manual_seed(seed))


def test_focal_is_torchvisions():
    y, z = drawn(FINDINGS), logits()
    each, weight = fitted(Focal(2.0, False), y, FINDINGS)(z, y)
    torch.testing.assert_close(each, sigmoid_focal_loss(z, y, alpha=-1, gamma=2))
    assert weight.equal(torch.ones(60, 3))


def test_focal_of_classes_by_its_formula():
    y, z = drawn(CLASSES), logits()
    each, _ = fitted(Focal(1.5, False), y, CLASSES)(z, y)
    p = z.double().softmax(1)[y.bool()]
    torch.testing.assert_close(
        each[:, 0].double(), -((1 - p) ** 1.5) * p.log(), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("task", [FINDINGS, CLASSES])
@pytest.mark.parametrize("weighted", [False, True])
def test_focal_without_focus_is_the_cross_entropy(task, weighted):
    y, z = drawn(task), logits()
    plain = (CrossEntropy if task == CLASSES else BCE)(weighted)
    found = fitted(Focal(0.0, weighted), y, task)(z, y)
    torch.testing.assert_close(found, fitted(plain, y, task)(z, y))


def test_smoothing_is_torchs():
    y, z = drawn(CLASSES), logits()
    each, _ = fitted(LabelSmoothing(0.1), y, CLASSES)(z, y)
    expected = F.cross_entropy(z, y.argmax(1), label_smoothing=0.1, reduction="none")
    torch.testing.assert_close(each[:, 0], expected)
    y = drawn(FINDINGS)
    each, _ = fitted(LabelSmoothing(0.1), y, FINDINGS)(z, y)
    soft = F.binary_cross_entropy_with_logits(z, 0.9 * y + 0.05, reduction="none")
    torch.testing.assert_close(each, soft)


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
def test_adjusted_logits_are_shifted_by_the_log_shares(tau):
    y, z = drawn(CLASSES), logits()
    each, _ = fitted(LogitAdjustment(tau), y, CLASSES)(z, y)
    shifted = z + tau * y.mean(0).log()
    torch.testing.assert_close(each[:, 0], F.cross_entropy(shifted, y.argmax(1), reduction="none"))
    y = drawn(FINDINGS)
    each, _ = fitted(LogitAdjustment(tau), y, FINDINGS)(z, y)
    shifted = z + tau * y.mean(0).logit()
    torch.testing.assert_close(
        each, F.binary_cross_entropy_with_logits(shifted, y, reduction="none")
    )


def test_asymmetric_by_its_formula():
    y, z = drawn(FINDINGS), logits()
    each, weight = fitted(Asymmetric(1.0, 4.0, 0.05), y, FINDINGS)(z, y)
    p = z.double().sigmoid()
    q = (p - 0.05).clamp(min=0)
    expected = torch.where(y == 1, -(1 - p) * p.log(), -(q**4) * (1 - q).log())
    torch.testing.assert_close(each.double(), expected, rtol=1e-4, atol=1e-6)
    assert weight.equal(torch.ones(60, 3))
    plain = fitted(Asymmetric(0.0, 0.0, 0.0), y, FINDINGS)(z, y)[0]
    torch.testing.assert_close(plain, F.binary_cross_entropy_with_logits(z, y, reduction="none"))


@given(n=st.lists(st.integers(1, 10_000), min_size=2, max_size=6), beta=st.floats(0.5, 0.9999))
@settings(max_examples=60, deadline=None)
def test_effective_numbers_by_their_formula_with_a_mean_weight_of_one(n, beta):
    counts = torch.tensor(n, dtype=torch.float64)
    weights = balanced(counts, beta).double().numpy()
    formula = 1 / np.array([sum(beta**i for i in range(k)) for k in n])  # (1 - b) / (1 - b^n)
    np.testing.assert_allclose(weights / weights[0], formula / formula[0], rtol=1e-4)
    assert np.average(weights, weights=n) == pytest.approx(1, rel=1e-5)


def test_effective_numbers_lie_between_equal_weights_and_balanced_ones():
    counts = torch.tensor([900.0, 100.0])
    ratios = [float(w[1] / w[0]) for w in (balanced(counts, b) for b in (0.5, 0.99, 0.9999))]
    assert 1 <= ratios[0] < ratios[1] < ratios[2] < 9.0
    torch.testing.assert_close(balanced(torch.tensor([5.0, 0.0]), 0.9)[1], torch.tensor(1.0))


def test_a_stated_weight_is_torchs_pos_weight():
    y, z = drawn(FINDINGS), logits()
    weight = torch.tensor([2.0, 3.0, 5.0])
    for given_weight in ([2.0, 3.0, 5.0], 2.0):
        each, weights = fitted(BCE(False, pos_weight=given_weight), y, FINDINGS)(z, y)
        used = torch.as_tensor(given_weight)
        expected = F.binary_cross_entropy_with_logits(z, y, pos_weight=used, reduction="none")
        torch.testing.assert_close(each, expected)
        assert weights.equal(torch.where(y == 1, used, 1.0))
    assert weight.shape == (3,)


CASES = [(kind, FINDINGS) for kind in KINDS] + [(kind, CLASSES) for kind in BOTH]


@pytest.mark.parametrize(("kind", "task"), CASES)
def test_unknown_labels_count_nothing_and_have_no_gradient(kind, task):
    y, z = drawn(task, 12), logits(12).requires_grad_()
    hidden = torch.zeros(12, 3, dtype=torch.bool)
    hidden[3], hidden[5, 1] = True, task == FINDINGS
    loss = fitted(KINDS[kind](), y, task)
    whole, weights = loss(z, y)
    each, weight = loss(z, torch.where(hidden, NAN, y))
    gone = hidden if task == FINDINGS else hidden.any(1, keepdim=True)
    assert each.equal(torch.where(gone, 0.0, whole))
    assert weight.equal(torch.where(gone, 0.0, weights))
    each.sum().backward()
    assert z.grad.isfinite().all()
    assert not z.grad[hidden].any()


@pytest.mark.parametrize(("kind", "task"), CASES)
def test_extreme_and_half_precision_logits_stay_finite(kind, task):
    y = drawn(task, 12)
    loss = fitted(KINDS[kind](), y, task)
    for z in (300 * torch.sign(logits(12)), logits(12).bfloat16()):
        z = z.clone().requires_grad_()
        each, weight = loss(z, y)
        assert each.dtype == weight.dtype == torch.float32
        each.sum().backward()
        assert each.isfinite().all()
        assert z.grad.isfinite().all()


@pytest.mark.parametrize(("kind", "task"), CASES)
@given(seed=st.integers(0, 2**32), t=st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_loss_and_weight_are_linear_in_soft_labels(kind, task, seed, t):
    rng = np.random.default_rng(seed)
    soft = rng.dirichlet([0.3] * 3, (2, 6)) if task == CLASSES else rng.random((2, 6, 3)) ** 3
    a, b = torch.tensor(soft, dtype=torch.float32)
    z = logits(6, seed)
    loss = fitted(KINDS[kind](), drawn(task, seed=seed), task)
    mixed = loss(z, t * a + (1 - t) * b)
    for of_mixed, of_a, of_b in zip(mixed, loss(z, a), loss(z, b), strict=True):
        torch.testing.assert_close(of_mixed, t * of_a + (1 - t) * of_b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Focal(-1.0, False), "loss.gamma must lie between 0 and 10"),
        (lambda: LabelSmoothing(1.0), "loss.epsilon must be 0 or more and below 1"),
        (lambda: LogitAdjustment(-0.1), "loss.tau must lie between 0 and 3"),
        (lambda: Asymmetric(0.0, -4.0, 0.05), "loss.gamma_negative must lie between 0 and 10"),
        (lambda: Asymmetric(0.0, 4.0, 1.0), "loss.margin must lie between 0 and 0.5"),
        (lambda: BCE(True, beta=1.0), "loss.beta must lie between 0 and 1"),
        (lambda: CrossEntropy(True, beta=0.0), "loss.beta must lie between 0 and 1"),
        (lambda: BCE(True, pos_weight=2.0), "finds the weight of positives by the draw"),
        (lambda: BCE(False, pos_weight=0.0), "loss.pos_weight must lie between 0.001 and 1000"),
        (
            lambda: fitted(BCE(False, pos_weight=[1.0, 2.0]), drawn(FINDINGS), FINDINGS),
            "loss.pos_weight has 2 numbers, but there are 3",
        ),
    ],
)
def test_a_wrong_value_is_one_sentence(make, words):
    with pytest.raises(MedsmallError, match=words):
        make()
