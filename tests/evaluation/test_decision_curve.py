import numpy as np
import pytest
from scipy.special import expit, logit, ndtr

from medsmall.evaluation.decision_curve import THRESHOLDS, decision_curve


def made(seed, patients, share=0.3):
    """Labels, their probabilities, and patients of 1 to 3 images, some with both classes."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    mixed = rng.random(len(patient)) < 0.3
    ill = np.where(mixed, rng.random(len(patient)) < share, (rng.random(patients) < share)[patient])
    noise = (rng.normal(size=patients)[patient] + rng.normal(size=len(patient))) / 2**0.5
    score = noise + 1.6 * ill
    return ill.astype(float), expit(1.6 * score - 1.28 + logit(share)), patient


def true_benefit(thresholds, prevalence, share=0.3):
    cut = (logit(thresholds) - logit(share) + 1.28) / 1.6
    odds = thresholds / (1 - thresholds)
    return prevalence * ndtr(1.6 - cut) - (1 - prevalence) * ndtr(-cut) * odds


def test_the_net_benefit_is_that_of_its_formula():
    y, prob, patient = made(0, 200)
    found = decision_curve(y, prob, patient)
    for k in (4, 29, 60):
        t = THRESHOLDS[k]
        treated = prob >= t
        odds = t / (1 - t)
        wanted = np.mean(treated * y) - np.mean(treated * (1 - y)) * odds
        assert found.model.mean[k] == pytest.approx(wanted)
        everyone = y.mean() - (1 - y.mean()) * odds
        assert found.treat_all.mean[k] == pytest.approx(everyone)
        assert found.gain.mean[k] == pytest.approx(wanted - max(everyone, 0))
    for band in (found.model, found.treat_all, found.gain):
        assert (band.low <= band.mean + 1e-12).all()
        assert (band.mean <= band.high + 1e-12).all()


def test_a_stated_prevalence_weighs_the_classes():
    y, prob, patient = made(1, 200)
    odds = THRESHOLDS / (1 - THRESHOLDS)
    found = decision_curve(y, prob, patient, prevalence=0.05)
    assert found.treat_all.mean == pytest.approx(0.05 - 0.95 * odds)
    assert found.treat_all.low == pytest.approx(found.treat_all.high)
    weight = np.where(y == 1, 0.05 / y.mean(), 0.95 / (1 - y.mean()))
    k = 19
    treated = prob >= THRESHOLDS[k]
    wanted = np.mean(weight * treated * y) - np.mean(weight * treated * (1 - y)) * odds[k]
    assert found.model.mean[k] == pytest.approx(wanted)
    same = decision_curve(y, prob, patient, prevalence=float(y.mean()))
    assert same.model.mean == pytest.approx(decision_curve(y, prob, patient).model.mean)


def test_a_perfect_model_gains_and_one_that_knows_nothing_does_not():
    y, _, patient = made(2, 100)
    perfect = decision_curve(y, y, patient)
    assert perfect.model.mean == pytest.approx(y.mean())
    assert (perfect.gain.mean > 0).all()
    constant = decision_curve(y, np.full(len(y), y.mean()), patient)
    assert np.abs(constant.gain.mean).max() == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("prevalence", [None, 0.05])
@pytest.mark.parametrize("patients", [60, 300])
def test_bands_hold_the_truth(prevalence, patients):
    at = np.array([0.1, 0.3, 0.6])
    known = prevalence or 0.3
    model = true_benefit(at, known)
    gain = model - np.maximum(known - (1 - known) * at / (1 - at), 0)
    held = []
    for seed in range(150):
        found = decision_curve(*made(seed, patients), at, prevalence)
        pairs = ((found.model, model), (found.gain, gain))
        held.append([(of.low <= wanted) & (wanted <= of.high) for of, wanted in pairs])
    assert np.mean(held) > 0.93
    assert (np.mean(held, axis=0) > 0.89).all()


def test_few_patients_and_unknown_labels():
    y, prob, patient = made(3, 300)
    y[::3] = np.nan
    known = ~np.isnan(y)
    found = decision_curve(y, prob, patient).model.low
    assert (found == decision_curve(y[known], prob[known], patient[known]).model.low).all()
    reason = decision_curve(np.r_[np.ones(9), np.zeros(50)], np.full(59, 0.5), np.arange(59))
    assert reason == "the test has 9 positive and 50 negative patients, fewer than 10"
    with pytest.raises(ValueError, match="between 0 and 1"):
        decision_curve(y, prob, patient, np.array([0.0, 0.5]))
