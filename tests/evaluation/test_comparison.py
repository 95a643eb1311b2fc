import numpy as np
import pytest
from scipy import stats

from medsmall.evaluation.comparison import (
    LEAST_P,
    Estimate,
    difference,
    for_new_pool,
    over_folds,
    over_repeats,
    verdicts,
)
from medsmall.evaluation.influence import Score, covariance
from medsmall.evaluation.scored import of_finding

PATIENTS = 120


def arm(seed, repeats=4, better=0.0, scatter=0.02):
    """AUROCs of some repeats on the same patients, three images each."""
    rng, same = np.random.default_rng(seed), np.random.default_rng(0)
    patient = np.repeat(np.arange(PATIENTS), 3)
    y = (patient < 30).astype(float)
    shared = same.normal(size=PATIENTS)[patient] + same.normal(size=len(y))
    scores = []
    for _ in range(repeats):
        prob = shared + rng.normal(size=len(y)) + (1.5 + better + rng.normal(0, scatter)) * y
        scores.append(of_finding("auroc", y, prob, None, patient, PATIENTS))
    return scores


def estimate(value, error, repeats=1000, patients=1000):
    return Estimate(value, 0.0, error**2, repeats, patients, repeats - 1, 0.0)


def test_the_variance_is_that_of_resampling_repeats_and_patients():
    """A crossed bootstrap of repeats and of patients, of linear scores."""
    a, b = arm(1, repeats=6, better=0.2), arm(2, repeats=6)
    found = difference(a, b)
    values = np.array([x.value - y.value for x, y in zip(a, b, strict=True)])
    influences = np.stack([x.influence - y.influence for x, y in zip(a, b, strict=True)])
    rng = np.random.default_rng(0)
    means = []
    for _ in range(20_000):
        repeats = rng.integers(0, 6, 6)
        weight = np.bincount(rng.integers(0, PATIENTS, PATIENTS), minlength=PATIENTS)
        means.append((values[repeats] + influences[repeats] @ (weight - 1)).mean())
    # a repeat that is drawn twice meets the same patients' luck twice: with R = 6, two of the six
    # are one and the same in 11 of 36 pairs
    alone = (influences**2).sum() / 6
    expected = found.drawn * 5 / 6 + alone * 11 / 36 + found.tested * 25 / 36
    assert np.var(means) == pytest.approx(expected, rel=0.05)


def test_repeats_that_are_all_alike_leave_the_test_patients_alone():
    a = arm(1, repeats=1)[0]
    found = over_repeats([a, a, a])
    assert found.drawn == 0
    assert found.error**2 == pytest.approx((a.influence**2).sum() * PATIENTS / (PATIENTS - 1))
    t = stats.t.ppf(0.975, a.patients - 1)
    assert found.interval() == pytest.approx((a.value - t * found.error, a.value + t * found.error))


def test_repeats_that_agree_by_chance_are_no_surer_than_their_patients():
    """Two networks with other mistakes and nearly the same score."""
    rng = np.random.default_rng(0)
    influences = rng.normal(size=(2, 100)) / 100
    scores = [Score(value, of - of.mean(), 100, 0.5) for value, of in
              zip((0.7, 0.7001), influences, strict=True)]  # fmt: skip
    found = over_repeats(scores)
    mean = np.mean([one.influence for one in scores], axis=0)
    known = float(np.sqrt(covariance(mean[None])[0, 0]))
    low, high = found.interval()
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 99) * known)
    assert found.parts() == (0.0, found.fixed)
    assert found.repeated(3).fixed == 0
    assert over_repeats([*scores, scores[0]]).fixed == 0  # measured to hold without


def test_without_a_part_of_the_patients_it_is_students_test_of_pairs():
    values = np.array([0.05, 0.02, 0.09, 0.04])
    scores = [Score(value, np.zeros(PATIENTS), 30) for value in values]
    zero = [Score(0.0, np.zeros(PATIENTS), 30)] * 4
    found = difference(scores, zero)
    test = stats.ttest_1samp(values, 0)
    assert found.p == pytest.approx(test.pvalue, rel=1e-6)
    low, high = test.confidence_interval(0.95)
    assert found.interval() == pytest.approx((low, high))


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_the_interval_of_one_minus_p_ends_at_0(level):
    found = difference(arm(3, better=0.3), arm(4))
    low, _ = found.interval(1 - found.p)
    assert low == pytest.approx(0, abs=1e-6)
    low, high = found.interval(level)
    assert (low > 0 or high < 0) == (found.p < 1 - level)


def test_p_of_what_is_the_same_is_1_and_never_0():
    same = arm(1)
    assert difference(same, same).p == 1
    assert estimate(1.0, 1e-6).p == LEAST_P
    assert estimate(0.0, 0.1).p == 1


def test_one_repeat_has_no_verdict():
    with pytest.raises(ValueError, match="one repeat"):
        difference(arm(1, repeats=1), arm(2, repeats=1))
    with pytest.raises(ValueError, match="zip"):
        difference(arm(1, repeats=3), arm(2, repeats=2))


def test_folds_vary_more_than_their_scatter_tells():
    values = [0.8, 0.9, 0.85, 0.7, 0.75]
    found = over_folds(values, 60)
    assert found.drawn == pytest.approx(np.var(values, ddof=1) * (1 / 5 + 1 / 4))
    assert (found.value, found.repeats, found.patients) == (pytest.approx(0.8), 5, 60)
    with pytest.raises(ValueError, match="one fold"):
        over_folds([0.8], 60)


def test_p_values_are_holms():
    """By the textbook: .01, .02, .03 and .04 of four are not all found."""
    family = [estimate(stats.norm.isf(p / 2), 1.0, 10**7, 10**7) for p in (0.01, 0.04, 0.03, 0.005)]
    found = verdicts(family)
    assert [v.p for v in found] == pytest.approx([0.03, 0.06, 0.06, 0.02], rel=1e-3)
    assert [v.word for v in found] == ["better", "undecided", "undecided", "better"]


@pytest.mark.parametrize("seed", range(20))
def test_verdicts_and_intervals_agree(seed):
    rng = np.random.default_rng(seed)
    family = [
        Estimate(rng.normal(0, 0.05), *rng.exponential(4e-4, 2), 5, 40, 4, 0.0)
        for _ in range(rng.integers(1, 9))
    ]
    for of, verdict in zip(family, verdicts(family, margin=0.04), strict=True):
        low, high = verdict.low, verdict.high
        assert low <= of.value <= high
        inside = low > -0.04 and high < 0.04
        assert (verdict.word == "equivalent") == inside
        if not inside:
            assert (verdict.word == "better") == (low >= 0)
            assert (verdict.word == "worse") == (high <= 0)
        assert (low < 0 < high) == (verdict.p >= 0.05)


def test_more_comparisons_make_each_less_sure():
    one = estimate(0.02, 0.008)
    alone, among = verdicts([one])[0], verdicts([one, *[estimate(0.0, 0.01)] * 9])[0]
    assert alone.word == "better"
    assert among.word == "undecided"
    assert among.high - among.low > alone.high - alone.low


def test_a_family_of_equal_arms_holds_a_false_verdict_in_few_cases():
    """A short form of scripts/simulate_verdicts.py."""
    rng = np.random.default_rng(5)
    false = 0
    for _ in range(150):
        arms = [arm(int(rng.integers(1 << 30)), repeats=3) for _ in range(3)]
        family = [difference(arms[0], arms[1]), difference(arms[0], arms[2])]
        false += any(v.word in ("better", "worse") for v in verdicts(family))
    assert false / 150 <= 0.1


def test_a_part_of_a_family_is_judged_as_with_the_rest_undecided():
    family = [estimate(0.03, 0.01), estimate(0.02, 0.01)]
    rest = [estimate(0.0, 0.01)] * 5
    assert verdicts(family, count=7) == verdicts([*family, *rest])[:2]
    assert verdicts(family, count=1) == verdicts(family)


@pytest.mark.parametrize(("n", "pool"), [(50, 250), (200, 250)])
def test_for_another_pool_the_overlap_of_draws_counts(n, pool):
    """Means of draws from a pool: over pools they vary as the formula says, not by s^2 / R."""
    rng = np.random.default_rng(0)
    repeats, found = 5, []
    for _ in range(3000):
        images = rng.normal(size=pool)
        draws = [rng.choice(images, n, replace=False).mean() for _ in range(repeats)]
        found.append(over_repeats([Score(value, np.zeros(1), 99) for value in draws]))
    true = np.var([one.value for one in found])
    told = np.mean([for_new_pool(one, n / pool).drawn for one in found])
    assert told == pytest.approx(true, rel=0.08)
    assert np.mean([one.drawn for one in found]) < (0.5 if n < 200 else 0.06) * true


def test_a_draw_of_the_whole_pool_says_nothing_of_another():
    assert for_new_pool(estimate(0.1, 0.02), 1.0) is None
    assert for_new_pool(estimate(0.1, 0.02), 0.0) == estimate(0.1, 0.02)


def test_more_repeats_narrow_the_interval_as_was_predicted():
    rng = np.random.default_rng(0)
    luck = rng.normal(0, 0.01 * np.sqrt(PATIENTS), PATIENTS)
    influence = (luck - luck.mean()) / PATIENTS

    def width(of):
        low, high = of.interval()
        return high - low

    def drawn(repeats):
        return over_repeats([Score(v, influence, 60) for v in rng.normal(0, 0.03, repeats)])

    predicted = np.mean([width(drawn(4).repeated(3)) ** 2 for _ in range(2000)])
    assert predicted == pytest.approx(
        np.mean([width(drawn(12)) ** 2 for _ in range(2000)]), rel=0.05
    )
