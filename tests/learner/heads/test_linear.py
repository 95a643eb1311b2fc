"""Linear heads against scikit-learn on features that are scaled by hand."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from medsmall.learner.heads.linear import logistic, multinomial, ridge

NAN = float("nan")
WIDTHS = np.array([1.0, 0.1, 5.0, 0.01, 2.0])


def made(seed=0, n=60):
    """Features of unequal widths around unequal means, and a score that they tell."""
    rng = np.random.default_rng(seed)
    features = rng.normal([3.0, -2.0, 50.0, 0.5, 0.0], WIDTHS, (n, 5))
    score = ((features - features.mean(0)) / WIDTHS) @ [1.0, -1.0, 0.5, 0.2, 0.0]
    return features, score + rng.normal(0, 0.5, n)


def outputs(head, features):
    return features @ head.weight.T + head.bias


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def scaled(features, reference=None):
    """Centred and divided by the root of the total variance of the reference."""
    reference = features if reference is None else reference
    centred = reference - reference.mean(0)
    return (features - reference.mean(0)) / np.sqrt((centred**2).sum(1).mean())


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("c", [0.1, 10.0])
def test_logistic_is_scikit_learns_of_each_target_on_features_scaled_as_a_whole(c):
    features, score = made()
    labels = np.c_[score > 0, score < -1].astype(float)
    head = logistic(features, labels, c)
    assert head.weight.shape == (2, 5)
    assert head.bias.shape == (2,)
    x, new = scaled(features), made(seed=1)[0]
    for k, y in enumerate(labels.T):
        solver = LogisticRegression(C=c, max_iter=2000).fit(x, y)
        for shown in (features, new):
            expected = solver.predict_proba(scaled(shown, features))[:, 1]
            close(sigmoid(outputs(head, shown)[:, k]), expected)


@pytest.mark.parametrize("change", [lambda x: 7 * x, lambda x: x + 1000.0, lambda x: x[:, ::-1]])
@pytest.mark.parametrize("solve", [logistic, multinomial, ridge])
def test_the_size_the_level_and_the_order_of_features_have_no_say(solve, change):
    features, score = made()
    labels = np.c_[score > 0, score <= 0].astype(float)
    one, other = solve(features, labels, 1.0), solve(change(features), labels, 1.0)
    close(outputs(one, features), outputs(other, change(features)))


def test_of_two_features_that_tell_as_much_the_narrow_one_is_penalised_more():
    features, score = made(n=400)
    head = logistic(features, (score > 0)[:, None].astype(float), 1.0)
    effect = np.abs(head.weight[0]) * WIDTHS
    assert effect[0] > 5 * effect[1]


@pytest.mark.parametrize("solve", [logistic, ridge])
def test_unknown_labels_leave_their_image_out_of_that_target_only(solve):
    features, score = made()
    labels = np.c_[score > 0, score < -1].astype(float)
    labels[:10, 0] = labels[50:, 1] = NAN
    head = solve(features, labels, 10.0)
    first = solve(features[10:], labels[10:, :1], 10.0)
    second = solve(features[:50], labels[:50, 1:], 10.0)
    np.testing.assert_array_equal(head.weight, np.r_[first.weight, second.weight])
    np.testing.assert_array_equal(head.bias, np.r_[first.bias, second.bias])


def test_unknown_images_are_left_out_of_the_classes():
    features, score = made()
    labels = np.eye(3)[np.digitize(score, [-1, 1])]
    labels[:10] = NAN
    head, known = (multinomial(features[i:], labels[i:], 10.0) for i in (0, 10))
    np.testing.assert_array_equal(head.weight, known.weight)
    np.testing.assert_array_equal(head.bias, known.bias)


@pytest.mark.parametrize(
    ("labels", "probability"),
    [([1.0] * 9, 9.5 / 10), ([0.0] * 9, 0.5 / 10), ([1.0, 1, NAN], 2.5 / 3), ([NAN] * 3, 0.5)],
)
def test_a_target_with_labels_all_alike_is_the_same_for_every_image(labels, probability):
    features, n = made()[0], len(labels)
    both = np.c_[labels, np.arange(n) % 2]
    head = logistic(features[:n], both, 10.0)
    np.testing.assert_allclose(sigmoid(outputs(head, features)[:, 0]), probability)
    alone = logistic(features[:n], both[:, 1:], 10.0)
    np.testing.assert_array_equal(head.weight[1:], alone.weight)


@pytest.mark.parametrize("c", [0.1, 10.0])
def test_multinomial_is_scikit_learns(c):
    features, score = made()
    classes = np.digitize(score, [-1, 0, 1])
    head = multinomial(features, np.eye(4)[classes], c)
    assert head.weight.shape == (4, 5)
    assert head.bias.shape == (4,)
    solver = LogisticRegression(C=c, max_iter=2000).fit(scaled(features), classes)
    new = made(seed=1)[0]
    for shown in (features, new):
        expected = solver.predict_proba(scaled(shown, features))
        close(softmax(outputs(head, shown)), expected)


@pytest.mark.parametrize("absent", [0, 1, 3])
def test_a_class_that_no_image_has_keeps_its_place_with_next_to_no_probability(absent):
    features, score = made()
    present = [k for k in range(4) if k != absent]
    classes = np.array(present)[np.digitize(score, [-1, 1])]
    found = softmax(outputs(multinomial(features, np.eye(4)[classes], 10.0), features))
    assert (found[:, absent] < 1e-12).all()
    solver = LogisticRegression(C=10.0, max_iter=2000).fit(scaled(features), classes)
    close(found[:, present], solver.predict_proba(scaled(features)))


@pytest.mark.parametrize(("k", "present"), [(2, [0, 1]), (4, [0, 1]), (4, [1, 3])])
def test_exactly_two_classes_are_one_logistic_regression(k, present):
    features, score = made()
    second = (score > 0).astype(int)
    labels = np.eye(k)[np.array(present)[second]]
    found = softmax(outputs(multinomial(features, labels, 10.0), features))
    solver = LogisticRegression(C=10.0, max_iter=2000).fit(scaled(features), second)
    close(found[:, present], solver.predict_proba(scaled(features)))
    assert found[:, present].sum(1) == pytest.approx(1.0)
    binary = logistic(features, second[:, None].astype(float), 10.0)
    close(found[:, present[1]], sigmoid(outputs(binary, features)[:, 0]))


@pytest.mark.parametrize("c", [0.1, 10.0])
def test_ridge_is_scikit_learns_with_one_over_c(c):
    features, score = made()
    labels = np.c_[100 + 30 * score, -score]
    head = ridge(features, labels, c)
    assert head.weight.shape == (2, 5)
    assert head.bias.shape == (2,)
    solver = Ridge(alpha=1 / c).fit(scaled(features), labels)
    new = made(seed=1)[0]
    for shown in (features, new):
        expected = solver.predict(scaled(shown, features))
        np.testing.assert_allclose(outputs(head, shown), expected, rtol=1e-8)


def test_more_features_than_images_are_no_trouble():
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (12, 300))
    labels = np.c_[np.arange(12) % 2, np.arange(12) % 2 == 0].astype(float)
    for solve in (logistic, multinomial, ridge):
        found = outputs(solve(features, labels, 10.0), features)
        assert (found.argmax(1) == labels.argmax(1)).all()


def test_features_that_are_all_alike_tell_nothing_and_leave_the_shares():
    features = np.full((8, 5), np.float32(0.1)).astype(float)
    labels = np.c_[[1, 1, 1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0, 1, 1]].astype(float)
    shares = np.tile([0.75, 0.25], (8, 1))
    close(sigmoid(outputs(logistic(features, labels, 10.0), features)), shares)
    close(softmax(outputs(multinomial(features, labels, 10.0), features)), shares)
    close(outputs(ridge(features, labels, 10.0), features), shares)


def test_a_single_feature_that_never_varies_changes_nothing():
    features, score = made()
    labels = (score > 0)[:, None].astype(float)
    dead = np.c_[features, np.full(len(features), 0.25)]
    one, other = logistic(features, labels, 1.0), logistic(dead, labels, 1.0)
    close(outputs(one, features), outputs(other, dead))
    assert other.weight[0, -1] == pytest.approx(0.0, abs=1e-9)


def test_one_class_alone_is_always_the_answer():
    features, _ = made()
    labels = np.tile([0.0, 1.0, 0.0], (len(features), 1))
    found = softmax(outputs(multinomial(features, labels, 10.0), features))
    assert (found.argmax(1) == 1).all()


def test_a_number_that_is_never_known_is_left_at_the_mean():
    features, score = made()
    labels = np.c_[score, np.full(len(score), np.nan)]
    found = outputs(ridge(features, labels, 10.0), features)
    assert not found[:, 1].any()
    np.testing.assert_allclose(
        found[:, :1], outputs(ridge(features, labels[:, :1], 10.0), features)
    )


def test_features_that_are_alike_but_for_rounding_are_not_blown_up():
    features = np.full((7, 5), 0.1)
    labels = np.array([[1.0], [0], [1], [0], [1], [0], [1]])
    assert abs(logistic(features, labels, 10.0).weight).max() < 1.0
