import numpy as np
import pytest
from scipy.special import expit, ndtr
from scipy.stats import beta

from medsmall.evaluation.one_each import one_of_each
from medsmall.evaluation.selective import coverage_within, risk_coverage


def made(seed, patients, risk=-2.0):
    """Whether answers are wrong, their certainty, and patients of 1 to 3 images that are alike."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), rng.integers(1, 4, patients))

    def alike():
        return (rng.normal(size=patients)[patient] + rng.normal(size=len(patient))) / 2**0.5

    sure = alike()
    wrong = (ndtr(alike()) < expit(risk - 1.2 * sure)).astype(float)
    return wrong, expit(sure), patient


def true_risk(wrong, certainty):
    """The risk at thresholds, and that of each number of answers (N,)."""
    order = np.argsort(-certainty)
    risk = np.cumsum(wrong[order]) / np.arange(1, len(wrong) + 1)
    places = -certainty[order]
    return lambda at: risk[np.searchsorted(places, -np.asarray(at), side="right") - 1], risk


def test_the_curve_is_that_of_its_definition():
    wrong, certainty, patient = made(0, 30)
    found = risk_coverage(wrong, certainty, patient)
    for t, coverage, risk in zip(found.thresholds, found.coverage, found.risk.mean, strict=True):
        answered = certainty >= t
        assert coverage == pytest.approx(answered.mean())
        assert risk == pytest.approx(wrong[answered].mean())
    assert found.coverage[-1] == 1
    risks = [wrong[np.argsort(-certainty)][:n].mean() for n in range(1, len(wrong) + 1)]
    assert found.aurc.value == pytest.approx(np.mean(risks))
    best = [np.sort(wrong)[:n].mean() for n in range(1, len(wrong) + 1)]
    assert found.e_aurc.value == pytest.approx(np.mean(risks) - np.mean(best))


def test_images_of_one_certainty_are_answered_together():
    wrong = np.tile([0.0, 1.0, 0.0, 0.0], 10)
    found = risk_coverage(wrong, np.full(40, 0.8), np.arange(40))
    assert found.thresholds.tolist() == [0.8]
    assert found.aurc.value == pytest.approx(0.25)
    backwards = risk_coverage(wrong[::-1], np.full(40, 0.8), np.arange(40))
    assert backwards.aurc.value == pytest.approx(0.25)


def test_the_best_order_has_no_excess():
    wrong = np.r_[np.zeros(30), np.ones(10)]
    found = risk_coverage(wrong, np.linspace(1, 0.5, 40), np.arange(40))
    assert found.e_aurc.value == pytest.approx(0)
    assert found.e_aurc.interval is None
    none = risk_coverage(wrong[:30], np.linspace(1, 0.5, 30), np.arange(30))
    assert none.aurc.value == 0
    assert "it is 0" in none.aurc.reason


def test_bands_and_areas_hold_the_truth():
    many_wrong, many, _ = made(0, 50_000)
    true, risks = true_risk(many_wrong, many)
    area, share = risks.mean(), many_wrong.mean()
    areas = area, area - share - (1 - share) * np.log(1 - share)
    held = []
    for seed in range(100):
        found = risk_coverage(*made(1 + seed, 100))
        known = ~np.isnan(found.risk.low)
        wanted = true(found.thresholds[known])
        inside = (found.risk.low[known] <= wanted) & (wanted <= found.risk.high[known])
        held.append([inside.mean()] + [
            of.interval.low <= wanted <= of.interval.high
            for of, wanted in zip((found.aurc, found.e_aurc), areas, strict=True)
        ])  # fmt: skip
    assert (np.mean(held, axis=0) > 0.88).all()


def test_the_band_of_few_patients_is_unknown_and_one_without_an_error_is_wide():
    found = risk_coverage(np.r_[np.zeros(20), np.ones(20)], np.linspace(1, 0, 40), np.arange(40))
    assert np.isnan(found.risk.low[:9]).all()
    assert not np.isnan(found.risk.low[9:]).any()
    assert found.risk.mean[9] == 0
    assert found.risk.high[9] > 0.15
    few = risk_coverage(np.zeros(9), np.linspace(1, 0, 9), np.arange(9))
    assert "fewer than 10" in few.aurc.reason
    assert risk_coverage(np.full(9, np.nan), np.zeros(9), np.arange(9)) == "no known label"


def test_the_risk_is_below_the_limit_as_promised():
    many_wrong, many, _ = made(0, 50_000)
    (true, _), above, found = true_risk(many_wrong, many), 0, []
    for seed in range(200):
        of = coverage_within(0.10, *made(1 + seed, 250))
        if not isinstance(of, str):
            found.append(of.coverage)
            above += true(max(of.above, many.min())) > 0.10
    assert above <= 0.05 * 200
    assert len(found) > 20


def test_the_bound_is_that_of_clopper_and_pearson():
    wrong, certainty, patient = made(3, 400)
    found = coverage_within(0.12, wrong, certainty, patient)
    rows = one_of_each(patient)
    answered = certainty[rows] > found.above
    assert found.answered == answered.sum()
    assert found.wrong == wrong[rows][answered].sum()
    wanted = beta.ppf(1 - 0.05 / 20, found.wrong + 1, found.answered - found.wrong)
    assert found.bound == pytest.approx(wanted)
    assert found.bound <= 0.12
    assert found.coverage == pytest.approx((certainty > found.above).mean())


def test_all_are_answered_where_that_is_safe_and_none_where_nothing_is():
    sure = np.linspace(0.5, 1, 200)
    every = coverage_within(0.05, np.zeros(200), sure, np.arange(200))
    assert every.above == -1
    assert every.coverage == 1
    reason = coverage_within(0.05, np.zeros(40), sure[:40], np.arange(40))
    assert reason.startswith("with 40 patients no coverage has a risk that is surely below 0.05")
    assert reason.endswith("the lowest bound is 0.14")
    many_images = coverage_within(0.05, np.zeros(200), sure, np.arange(200) % 40)
    assert many_images.startswith("with 40 patients")
    assert coverage_within(0.05, np.full(3, np.nan), sure[:3], np.arange(3)) == "no known label"
