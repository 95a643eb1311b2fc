"""Losses against torch's own, their weights against the formula and scikit-learn."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F

from medsmall.loss.bce import BCE
from medsmall.loss.cross_entropy import CrossEntropy
from medsmall.loss.regression import RegressionLoss
from medsmall.task import Task

NAN = float("nan")


def fitted(loss, labels, task=Task.BINARY):
    loss.fit(torch.as_tensor(labels, dtype=torch.float64), task)
    return loss


def summed(loss, outputs, labels):
    """The sums over all images and targets, as a training step adds them up."""
    each, weights = loss(outputs, labels)
    assert each.shape == weights.shape
    return each.sum(), weights.sum()


def mean_of(loss, outputs, labels):
    total, weight = summed(loss, outputs, labels)
    return total / weight


def one_hot(classes, k):
    return F.one_hot(torch.as_tensor(classes), k).float()


def test_bce_is_torchs_with_the_number_of_labels_as_weight():
    torch.manual_seed(0)
    logits, labels = torch.randn(7, 3), torch.randint(0, 2, (7, 3)).float()
    total, weight = summed(fitted(BCE(weighted=False), labels), logits, labels)
    assert weight == 21
    torch.testing.assert_close(
        total / weight, F.binary_cross_entropy_with_logits(logits, labels), rtol=1e-6, atol=0
    )


def test_cross_entropy_is_torchs_with_the_number_of_images_as_weight():
    torch.manual_seed(0)
    logits, classes = torch.randn(9, 4), torch.arange(9) % 4
    labels = one_hot(classes, 4)
    total, weight = summed(fitted(CrossEntropy(weighted=False), labels), logits, labels)
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
    total, weight = summed(loss, logits, labels)
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
        total, weight = summed(fitted(kind(weighted), labels), logits, labels)
        total.backward()
        results.append((total.detach(), weight, logits.grad))
    torch.testing.assert_close(results[0], results[1])


@pytest.mark.parametrize("weighted", [False, True])
def test_unknown_labels_of_bce_have_no_gradient_and_no_weight(weighted):
    torch.manual_seed(4)
    labels = torch.tensor([[1.0, NAN], [0.0, 1.0], [NAN, NAN], [0.0, 0.0]])
    logits = torch.randn(4, 2, requires_grad=True)
    loss = fitted(BCE(weighted), labels)
    total, weight = summed(loss, logits, labels)
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
    total, weight = summed(loss, logits, labels)
    total.backward()
    assert not logits.grad[1].any()
    assert logits.grad[[0, 2, 3, 4]].any(dim=1).all()
    known = [0, 2, 3, 4]
    again = summed(loss, logits[known].detach(), labels[known])
    torch.testing.assert_close((total.detach(), weight), again)


@pytest.mark.parametrize("kind", [BCE, CrossEntropy])
def test_a_batch_without_a_known_label_is_zero_over_zero_with_finite_gradient(kind):
    logits = torch.randn(3, 2, requires_grad=True)
    labels = torch.full((3, 2), NAN)
    total, weight = summed(fitted(kind(weighted=True), one_hot([0, 1], 2)), logits, labels)
    assert (total.item(), weight.item()) == (0.0, 0.0)
    total.backward()
    assert torch.equal(logits.grad, torch.zeros(3, 2))


@pytest.mark.parametrize("kind", [BCE, CrossEntropy])
def test_extreme_and_half_precision_logits_stay_finite(kind):
    labels = torch.tensor([[1.0], [0.0]])
    loss = fitted(kind(weighted=False), labels)
    total, _ = summed(loss, torch.tensor([[-200.0], [200.0]]), labels)
    assert float(total) == pytest.approx(400.0)
    total, weight = summed(loss, torch.tensor([[-3.0], [3.0]], dtype=torch.bfloat16), labels)
    assert total.dtype == weight.dtype == torch.float32


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("kind", "labels", "shape"),
    [
        (BCE, torch.tensor([[1.0], [0], [NAN]]), (3, 1)),
        (BCE, torch.tensor([[1.0, NAN], [0, 1], [NAN, NAN]]), (3, 2)),
        (CrossEntropy, torch.tensor([[1.0], [0], [NAN]]), (3, 1)),
        (CrossEntropy, torch.tensor([[1.0, 0], [0, 1], [NAN, NAN]]), (3, 1)),
        (CrossEntropy, one_hot([0, 1, 2], 3), (3, 1)),
    ],
)
def test_loss_and_weight_are_of_each_image_and_target_or_of_each_image(
    kind, weighted, labels, shape
):
    torch.manual_seed(7)
    logits = torch.randn(labels.shape)
    loss = fitted(kind(weighted), labels)
    each, weights = loss(logits, labels)
    assert each.shape == weights.shape == shape
    assert each.dtype == weights.dtype == torch.float32
    for i in range(len(labels)):
        alone = loss(logits[i : i + 1], labels[i : i + 1])
        torch.testing.assert_close((each[i : i + 1], weights[i : i + 1]), alone)


@pytest.mark.parametrize("power", [1, 2])
def test_errors_of_numbers_are_unreduced_and_zero_where_unknown(power):
    outputs, labels = torch.tensor([[1.0, 5.0], [-2.0, 3.0]]), torch.tensor([[3.0, NAN], [1.0, 3]])
    each, weights = fitted(RegressionLoss(power), labels)(outputs, labels)
    expected = [[2.0, 0], [3, 0]] if power == 1 else [[4.0, 0], [9, 0]]
    assert each.tolist() == expected
    assert weights.tolist() == [[1, 0], [1, 1]]


def shares(seed, rows, k):
    return np.random.default_rng(seed).dirichlet(np.linspace(0.2, 2, k), rows)


def columns(seed, rows, k):
    rng = np.random.default_rng(seed)
    soft, hard = rng.random((rows, k)) ** 3, rng.integers(0, 2, (rows, k))
    return np.where(rng.random((rows, k)) < 0.7, soft, hard)


SOFT = {
    "a binary column": (BCE, columns, 1),
    "several findings": (BCE, columns, 3),
    "a binary column of classes": (CrossEntropy, columns, 1),
    "shares of three classes": (CrossEntropy, shares, 3),
    "shares of two classes": (CrossEntropy, shares, 2),
}


def unknown_in(labels, kind, seed):
    """The labels with some unknown, of classes whole rows."""
    wide = 1 if kind is CrossEntropy else labels.shape[1]
    hidden = np.random.default_rng(seed).random((len(labels), wide)) < 0.2
    return torch.tensor(np.where(hidden, NAN, labels), dtype=torch.float32)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("case", SOFT)
@given(seed=st.integers(0, 2**32), t=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_loss_and_weight_are_linear_in_soft_labels(case, weighted, seed, t):
    kind, make, k = SOFT[case]
    a, b = make([seed, 1], 6, k), make([seed, 2], 6, k)
    a, b, mixed = (unknown_in(y, kind, seed) for y in (a, b, t * a + (1 - t) * b))
    logits = 4 * torch.randn(6, k, generator=torch.Generator().manual_seed(seed))
    loss = fitted(kind(weighted), unknown_in(make([seed, 3], 20, k), kind, seed))
    of_a, of_b, of_mixed = (loss(logits, y) for y in (a, b, mixed))
    for at_a, at_b, found in zip(of_a, of_b, of_mixed, strict=True):
        torch.testing.assert_close(found, t * at_a + (1 - t) * at_b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [BCE, CrossEntropy])
@pytest.mark.parametrize("y", [0.7, 0.5, 0.3])
def test_a_soft_label_is_that_share_of_a_positive_and_the_rest_of_a_negative(kind, weighted, y):
    loss = fitted(kind(weighted), [[1.0]] * 2 + [[0.0]] * 8)
    logit = torch.tensor([[1.3]])
    at = {v: torch.stack(loss(logit, torch.tensor([[v]]))) for v in (y, 0.0, 1.0)}
    torch.testing.assert_close(at[y], y * at[1.0] + (1 - y) * at[0.0])
    assert abs(at[y][0] - at[0.0][0]) > 0.1
    assert abs(at[y][0] - at[1.0][0]) > 0.1
    if not weighted:
        soft = F.binary_cross_entropy_with_logits(logit, torch.tensor([[y]]))
        torch.testing.assert_close(at[y][0].squeeze(), soft)


def test_shares_of_classes_are_not_taken_for_the_largest_of_them():
    logits = torch.tensor([[2.0, -1.0, 0.5]])
    shares = torch.tensor([[0.4, 0.35, 0.25]])
    loss = fitted(CrossEntropy(weighted=False), one_hot([0, 1, 2], 3))
    each, weight = loss(logits, shares)
    torch.testing.assert_close(each.squeeze(), F.cross_entropy(logits, shares))
    assert abs(each - loss(logits, one_hot([0], 3))[0]) > 0.5
    torch.testing.assert_close(weight, torch.ones(1, 1))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_weights_from_soft_labels_count_shares_and_have_mean_one_over_them(seed):
    y = unknown_in(columns(seed, 30, 3), BCE, seed)
    loss = fitted(BCE(weighted=True), y)
    n, positive = (~y.isnan()).sum(0), y.nansum(0)
    expected = torch.stack([n / (2 * (n - positive)), n / (2 * positive)])
    torch.testing.assert_close(loss.class_weight, expected)
    torch.testing.assert_close(loss(torch.zeros(30, 3), y)[1].sum(0), n.float())

    y = unknown_in(shares(seed, 30, 4), CrossEntropy, seed)
    loss = fitted(CrossEntropy(weighted=True), y)
    n = int((~y.isnan().any(1)).sum())
    torch.testing.assert_close(loss.class_weight, n / (4 * y.nansum(0)))
    assert float(loss(torch.zeros(30, 4), y)[1].sum()) == pytest.approx(n)


@pytest.mark.parametrize("kind", [BCE, CrossEntropy])
def test_weights_from_labels_that_are_all_0_7_are_those_of_seven_positives_in_ten(kind):
    soft = fitted(kind(weighted=True), [[0.7]] * 10).class_weight
    hard = fitted(kind(weighted=True), [[1.0]] * 7 + [[0.0]] * 3).class_weight
    torch.testing.assert_close(soft, hard)
