"""Where the threshold of a finding comes from: a large enough validation, else prevalence."""

import numpy as np
import pytest

from medsmall.evaluation.threshold import FEW, choose_threshold, enough, threshold_of

PREVALENCE = 0.3


def validation(positives, negatives, seed=0):
    y = np.array([1.0] * positives + [0.0] * negatives + [np.nan] * 3)
    return y, np.random.default_rng(seed).random(len(y))


@pytest.mark.parametrize(
    ("positives", "negatives", "known"), [(10, 10, True), (9, 99, False), (99, 9, False)]
)
def test_ten_of_either_class_are_enough(positives, negatives, known):
    y, prob = validation(positives, negatives)
    assert FEW == 10
    assert enough(y) is known
    found = threshold_of(y, prob, choose_threshold, PREVALENCE)
    assert found.source == ("validation" if known else "prevalence")
    assert found.value == (choose_threshold(y, prob) if known else PREVALENCE)


def test_without_both_classes_in_training_and_enough_validation_there_is_none():
    y, prob = validation(5, 5)
    for prevalence in (0.0, 1.0, float("nan")):
        assert threshold_of(y, prob, choose_threshold, prevalence) is None
    assert threshold_of(*validation(10, 10), choose_threshold, 0.0).source == "validation"


@pytest.mark.parametrize("positives", [5, 30])
def test_one_answer_for_all_calls_the_larger_class(positives):
    y, _ = validation(positives, 90)
    for share in (0.25, 0.7):
        found = threshold_of(y, np.full(len(y), share), choose_threshold, share)
        assert found == (0.5, "constant")
        assert (share >= found.value) == (share > 0.5)


def test_the_prevalence_costs_less_than_youden_of_a_few_labels():
    """Balanced accuracy on new images, of two Gaussians two apart, at 6 + 6 validation labels."""
    rng = np.random.default_rng(0)
    y = np.repeat([0.0, 1.0], 6)
    test = np.repeat([0.0, 1.0], 4000)

    def score(label):
        return 1 / (1 + np.exp(-(2 * (rng.normal(size=len(label)) + 2 * label) - 2)))

    def balanced(threshold, prob):
        called = prob >= threshold
        return (called[test == 1].mean() + (~called[test == 0]).mean()) / 2

    gains = []
    for _ in range(300):
        val, prob = score(y), score(test)
        youden, prevalence = (
            choose_threshold(y, val),
            threshold_of(y, val, choose_threshold, 0.5).value,
        )
        gains.append(balanced(prevalence, prob) - balanced(youden, prob))
    assert np.mean(gains) > 0.01
