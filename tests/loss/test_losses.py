"""Losses against torch's own, their weights against the formula and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F

from medsmall.loss.bce import BCE
from medsmall.loss.cross_entropy import CrossEntropy

NAN = float("nan")


def fitted(loss, labels):
    loss.fit(torch.as_tensor(labels, dtype=torch.float64))
    return loss


def mean_of(loss, logits, labels):
    total, weight = loss(logits, labels)
    return total / weight


def one_hot(classes, k):
    return F.one_hot(torch.as_tensor(classes), k).float()


def test_bce_is_torchs_with_the_number_of_labels_as_weight():
    torch.manual_seed(0)
    logits, labels = torch.randn(7, 3), torch.randint(0, 2, (7, 3)).float()
    total, weight = fitted(BCE(weighted=False), labels)(logits, labels)
    assert weight == 21
    torch.testing.assert_close(
        total / weight, F.binary_cross_entropy_with_logits(logits, labels), rtol=1e-6, atol=0
    )


def test_cross_entropy_is_torchs_with_the_number_of_images_as_weight():
    torch.manual_seed(0)
    logits, classes = torch.randn(9, 4), torch.arange(9) % 4
    labels = one_hot(classes, 4)
    total, weight = fitted(CrossEntropy(weighted=False), labels)(logits, labels)
    assert weight == 9
    torch.testing.assert_close(total / weight, F.cross_entropy(logits, classes))


def test_weighted_bce_balances_each_target_by_n_over_2_n_i():
    # 10 labels, 2 positive: 10/4 and 10/16; 4 known, 3 positive: 4/6 and 4/2; all negative: 1
    labels = torch.full((10, 3), 0.0)
    labels[:2, 0] = 1
    labels[:, 1] = NAN
    labels[:4, 1] = torch.tensor([1.0, 1.0, 1.0, 0.0])
    loss = fitted(BCE(weighted=True), labels)
    positive, negative = loss.class_weight[1], loss.class_weight[0]
    torch.testing.assert_close(positive, torch.tensor([10 / 4, 4 / 6, 1.0]))
    torch.testing.assert_close(negative, torch.tensor([10 / 16, 4 / 2, 10 / 20]))


def test_weighted_cross_entropy_balances_the_classes_by_n_over_k_n_i():
    # 12 images: 6, 4 and 2 of the classes
    labels = one_hot([0] * 6 + [1] * 4 + [2] * 2, 3)
    loss = fitted(CrossEntropy(weighted=True), labels)
    torch.testing.assert_close(loss.class_weight, torch.tensor([12 / 18, 12 / 12, 12 / 6]))


@pytest.mark.parametrize("k", [1, 2, 5])
def test_weights_are_those_of_scikit_learn_and_have_mean_one_over_the_draw(k):
    rng = np.random.default_rng(k)
    classes = np.r_[np.arange(max(k, 2)), rng.integers(0, max(k, 2), 40) ** 2 % max(k, 2)]
    expected = compute_class_weight("balanced", classes=np.unique(classes), y=classes)
    labels = one_hot(classes, k) if k > 1 else torch.from_numpy(classes).float()[:, None]
    loss = fitted(CrossEntropy(weighted=True), labels)
    np.testing.assert_allclose(loss.class_weight, expected, rtol=1e-6)
    assert loss.class_weight[classes].mean() == pytest.approx(1.0)
    if k == 1:
        binary = fitted(BCE(weighted=True), labels)
        np.testing.assert_allclose(binary.class_weight[:, 0], expected, rtol=1e-6)


def test_a_class_that_is_not_in_the_draw_weighs_one():
    loss = fitted(CrossEntropy(weighted=True), one_hot([0, 0, 2], 3))
    torch.testing.assert_close(loss.class_weight, torch.tensor([0.5, 1.0, 1.0]))
    binary = fitted(BCE(weighted=True), [[1.0], [1.0]])
    torch.testing.assert_close(binary.class_weight, torch.tensor([[1.0], [0.5]]))


def test_weighted_cross_entropy_is_torchs_weighted_mean():
    torch.manual_seed(1)
    drawn = one_hot([0] * 6 + [1] * 4 + [2] * 2, 3)
    loss = fitted(CrossEntropy(weighted=True), drawn)
    classes = torch.tensor([2, 0, 0, 1, 2])
    logits = torch.randn(5, 3)
    torch.testing.assert_close(
        mean_of(loss, logits, one_hot(classes, 3)),
        F.cross_entropy(logits, classes, weight=loss.class_weight, reduction="mean"),
    )


def test_weighted_bce_is_torchs_pos_weight_up_to_the_weight_of_negatives():
    torch.manual_seed(2)
    loss = fitted(BCE(weighted=True), [[1.0]] * 2 + [[0.0]] * 8)
    logits, labels = torch.randn(6, 1), torch.tensor([[1.0], [0], [0], [1], [0], [0]])
    negative, positive = loss.class_weight[:, 0]
    total, weight = loss(logits, labels)
    expected = F.binary_cross_entropy_with_logits(
        logits, labels, pos_weight=positive / negative, reduction="sum"
    )
    torch.testing.assert_close(total, negative * expected)
    torch.testing.assert_close(weight, 2 * positive + 4 * negative)


@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_on_one_logit_equals_bce_in_value_and_gradient(weighted):
    torch.manual_seed(3)
    labels = torch.tensor([[1.0], [0], [0], [NAN], [0], [1]])
    results = []
    for kind in (BCE, CrossEntropy):
        torch.manual_seed(3)
        logits = (5 * torch.randn(6, 1)).requires_grad_()
        total, weight = fitted(kind(weighted), labels)(logits, labels)
        total.backward()
        results.append((total.detach(), weight, logits.grad))
    torch.testing.assert_close(results[0], results[1])


@pytest.mark.parametrize("weighted", [False, True])
def test_unknown_labels_of_bce_have_no_gradient_and_no_weight(weighted):
    torch.manual_seed(4)
    labels = torch.tensor([[1.0, NAN], [0.0, 1.0], [NAN, NAN], [0.0, 0.0]])
    logits = torch.randn(4, 2, requires_grad=True)
    loss = fitted(BCE(weighted), labels)
    total, weight = loss(logits, labels)
    (total / weight).backward()
    assert torch.equal(logits.grad == 0, labels.isnan())
    known = ~labels.isnan()
    weights = torch.where(labels == 1, loss.class_weight[1], loss.class_weight[0])[known]
    subset = F.binary_cross_entropy_with_logits(
        logits[known], labels[known], weight=weights, reduction="sum"
    )
    torch.testing.assert_close(total, subset)
    torch.testing.assert_close(weight, weights.sum())


@pytest.mark.parametrize("weighted", [False, True])
def test_unknown_images_of_cross_entropy_have_no_gradient_and_no_weight(weighted):
    torch.manual_seed(5)
    labels = one_hot([0, 1, 2, 1, 0], 3)
    labels[1] = NAN
    logits = torch.randn(5, 3, requires_grad=True)
    loss = fitted(CrossEntropy(weighted), labels)
    total, weight = loss(logits, labels)
    total.backward()
    assert not logits.grad[1].any()
    assert logits.grad[[0, 2, 3, 4]].any(dim=1).all()
    known = [0, 2, 3, 4]
    again = loss(logits[known].detach(), labels[known])
    torch.testing.assert_close((total.detach(), weight), again)


@pytest.mark.parametrize("kind", [BCE, CrossEntropy])
def test_a_batch_without_a_known_label_is_zero_over_zero_with_finite_gradient(kind):
    logits = torch.randn(3, 2, requires_grad=True)
    labels = torch.full((3, 2), NAN)
    total, weight = fitted(kind(weighted=True), one_hot([0, 1], 2))(logits, labels)
    assert (total.item(), weight.item()) == (0.0, 0.0)
    total.backward()
    assert torch.equal(logits.grad, torch.zeros(3, 2))


@pytest.mark.parametrize("kind", [BCE, CrossEntropy])
def test_extreme_and_half_precision_logits_stay_finite(kind):
    labels = torch.tensor([[1.0], [0.0]])
    loss = fitted(kind(weighted=False), labels)
    total, _ = loss(torch.tensor([[-200.0], [200.0]]), labels)
    assert float(total) == pytest.approx(400.0)
    total, weight = loss(torch.tensor([[-3.0], [3.0]], dtype=torch.bfloat16), labels)
    assert total.dtype == weight.dtype == torch.float32
