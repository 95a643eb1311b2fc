import numpy as np
import pytest
from scipy.special import ndtr

from medsmall.evaluation.predictive_values import of_calls

SENSITIVITY, SPECIFICITY = ndtr(0.4), ndtr(1.2)


def made(seed, patients, share=0.4):
    """Labels and calls of patients of 1 to 3 images, some with both classes."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    mixed = rng.random(len(patient)) < 0.3
    ill = np.where(mixed, rng.random(len(patient)) < share, (rng.random(patients) < share)[patient])
    noise = (rng.normal(size=patients)[patient] + rng.normal(size=len(patient))) / 2**0.5
    return ill.astype(float), noise + 1.6 * ill >= 1.2, patient


def table(true, false, missed, clear):
    """Labels and calls of so many true and false positives, false and true negatives."""
    y = np.repeat([1.0, 0.0, 1.0, 0.0], [true, false, missed, clear])
    called = np.repeat([True, True, False, False], [true, false, missed, clear])
    return y, called, np.arange(len(y))


def test_values_are_those_of_the_table():
    found = of_calls(*table(30, 20, 10, 140), prevalence=0.01)
    assert found.sensitivity.value == pytest.approx(30 / 40)
    assert found.specificity.value == pytest.approx(140 / 160)
    assert found.lr_positive.value == pytest.approx(6)
    assert found.lr_negative.value == pytest.approx(0.25 / 0.875)
    assert found.in_test.prevalence == pytest.approx(0.2)
    assert found.in_test.ppv.value == pytest.approx(30 / 50)
    assert found.in_test.npv.value == pytest.approx(140 / 150)
    assert found.stated.ppv.value == pytest.approx(0.0075 / (0.0075 + 0.99 * 0.125))
    assert found.stated.npv.value == pytest.approx(0.99 * 0.875 / (0.99 * 0.875 + 0.0025))
    assert found.overstated.value == pytest.approx(0.6 - found.stated.ppv.value)
    assert found.overstated.reason == ""


def test_independent_images_have_nearly_the_intervals_of_simel():
    """The log ratio's standard error is the root of 1/a - 1/(a + c) + 1/b - 1/(b + d)."""
    found = of_calls(*table(300, 200, 100, 1400)).lr_positive.interval
    half = 1.96 * np.sqrt(1 / 300 - 1 / 400 + 1 / 200 - 1 / 1600)
    assert np.log(found) == pytest.approx(np.log(6) + np.array([-half, half]), abs=0.02)


def test_without_a_prevalence_nothing_is_stated():
    found = of_calls(*table(30, 20, 10, 140))
    assert found.stated is None
    assert found.overstated is None


@pytest.mark.parametrize("patients", [60, 300])
def test_intervals_hold_the_truth(patients):
    prevalence, held = 0.05, []

    def ppv(p):
        return SENSITIVITY * p / (SENSITIVITY * p + (1 - SPECIFICITY) * (1 - p))

    missed, clear = (1 - SENSITIVITY) * prevalence, SPECIFICITY * (1 - prevalence)
    for seed in range(300):
        y, called, patient = made(seed, patients)
        found = of_calls(y, called, patient, prevalence)
        pairs = (
            (found.lr_positive, SENSITIVITY / (1 - SPECIFICITY)),
            (found.lr_negative, (1 - SENSITIVITY) / SPECIFICITY),
            (found.stated.ppv, ppv(prevalence)),
            (found.stated.npv, clear / (clear + missed)),
            (found.overstated, ppv(y.mean()) - ppv(prevalence)),
        )
        held.append([of.interval.low <= wanted <= of.interval.high for of, wanted in pairs])
    assert (np.mean(held, axis=0) > 0.92).all()
    assert (np.mean(held, axis=0)[:4] < 0.98).all()


def test_at_the_ends_there_is_an_interval_and_no_infinite_number():
    none_false = of_calls(*table(20, 0, 10, 60), prevalence=0.1)
    assert none_false.lr_positive.value is None
    assert "no false positive" in none_false.lr_positive.reason
    assert none_false.stated.ppv.value == 1
    assert 0.2 < none_false.stated.ppv.interval.low < 0.95
    assert none_false.stated.ppv.interval.high == 1
    never = of_calls(*table(0, 0, 30, 60), prevalence=0.1)
    assert never.stated.ppv == (None, None, "no image is called positive")
    assert never.overstated.value is None
    assert never.stated.npv.value == pytest.approx(0.9)
    always = of_calls(*table(30, 60, 0, 0))
    assert always.in_test.npv == (None, None, "no image is called negative")
    assert always.lr_negative.value is None


def test_too_little_to_say_anything():
    assert of_calls(*table(0, 5, 0, 5)) == "no positive among 10 known labels"
    y, called, patient = table(3, 20, 4, 20)
    assert of_calls(y * np.nan, called, patient) == "no known label"
    few = of_calls(y, called, patient, 0.1)
    for of in (few.sensitivity, few.lr_positive, few.stated.ppv, few.overstated):
        assert of.value is not None
        assert of.interval is None
        assert of.reason == "it rests on 7 patients, fewer than 10"
    with pytest.raises(ValueError, match="between 0 and 1"):
        of_calls(y, called, patient, 1.0)


def test_copies_of_images_are_no_evidence():
    y, called, patient = made(0, 100)
    once = of_calls(y, called, patient, 0.05)
    copied = of_calls(*(np.tile(of, 4) for of in (y, called, patient)), 0.05)
    assert copied.stated.ppv.interval == pytest.approx(once.stated.ppv.interval)
