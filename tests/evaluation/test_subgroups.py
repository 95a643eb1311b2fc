import numpy as np
import pytest

from medsmall.evaluation import scored
from medsmall.evaluation.comparison import holm
from medsmall.evaluation.intervals import interval
from medsmall.evaluation.subgroups import subgroups


def made(seed, patients, skill=1.6, groups=4, by_patient=False):
    """Labels, scores, patients of 1 to 3 images, and the group of each image."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    y = (rng.random(patients) < 0.4)[patient].astype(float)
    noise = (rng.normal(size=patients)[patient] + rng.normal(size=len(patient))) / 2**0.5
    group = rng.integers(0, groups, patients if by_patient else len(patient))
    return y, noise + skill * y, patient, group[patient] if by_patient else group


def found_of(metric, y, score, patient, group, cut=0.8):
    people = int(patient.max()) + 1

    def scorer(rows):
        called = score[rows] >= cut
        return scored.of_finding(metric, y[rows], score[rows], called, patient[rows], people)

    groups = {str(k): group == k for k in np.unique(group)}
    return subgroups(metric, scorer, groups, y, patient)


def test_scores_counts_and_intervals_are_those_of_the_rows():
    y, score, patient, group = made(0, 200)
    y[:5] = np.nan
    found = found_of("auroc", y, score, patient, group)
    rows = group == 1
    own, others = (
        scored.of_finding("auroc", y[of], score[of], None, patient[of], 200) for of in (rows, ~rows)
    )
    one = found["1"]
    assert one.images == (rows & ~np.isnan(y)).sum()
    assert one.positive == (y[rows] == 1).sum()
    assert one.patients == len(np.unique(patient[rows & ~np.isnan(y)]))
    assert one.score == (own.value, interval("auroc", own), "")
    assert one.difference.value == pytest.approx(own.value - others.value)
    assert one.difference.interval.low < one.difference.value < one.difference.interval.high


@pytest.mark.parametrize(("metric", "by_patient"), [("auroc", False), ("accuracy", True)])
def test_one_family_in_twenty_has_a_false_difference(metric, by_patient):
    false = []
    for seed in range(120):
        found = found_of(metric, *made(seed, 240, by_patient=by_patient))
        false.append(any(of.holm is not None and of.holm < 0.05 for of in found.values()))
    assert np.mean(false) <= 0.07


def test_a_group_that_is_harder_is_found():
    y, score, patient, group = made(1, 500)
    score = np.where(group == 2, score - 1.6 * y, score)
    found = found_of("auroc", y, score, patient, group)
    assert found["2"].holm < 0.001
    assert found["2"].difference.interval.high < -0.2
    assert found["2"].p <= found["2"].holm


def test_the_p_value_is_that_of_the_interval():
    for seed in range(40):
        for of in found_of("sensitivity", *made(seed, 120)).values():
            if of.p is not None:
                low, high = of.difference.interval
                assert (of.p < 0.05) == (low > 0 or high < 0)


def test_patients_in_both_groups_narrow_the_difference():
    """Each patient has one image in either group, and both images have nearly the same score."""
    rng = np.random.default_rng(2)
    y = (rng.random(200) < 0.4).astype(float)
    score = rng.normal(size=200) + y
    both_y, both = np.tile(y, 2), np.tile(score, 2) + 0.1 * rng.normal(size=400)
    group = np.repeat([0, 1], 200)
    paired = found_of("auroc", both_y, both, np.tile(np.arange(200), 2), group)["0"]
    apart = found_of("auroc", both_y, both, np.arange(400), group)["0"]
    assert np.ptp(paired.difference.interval) < 0.4 * np.ptp(apart.difference.interval)


def test_two_groups_that_are_each_others_rest_are_one_question():
    found = found_of("auroc", *made(3, 200, groups=2))
    assert found["0"].holm == found["0"].p == pytest.approx(found["1"].p)
    assert found["0"].difference.value == pytest.approx(-found["1"].difference.value)


def test_small_groups_have_a_reason_instead():
    y, score, patient, group = made(4, 200)
    group = patient % 2 * 3
    group[np.flatnonzero(y == 1)[:4]] = 1
    group[np.flatnonzero(y == 0)[:50]] = 1
    group[np.flatnonzero(y == 0)[50:60]] = 2
    found = found_of("auroc", y, score, patient, group)
    assert found["1"].score.value is not None
    assert found["1"].score.interval is None
    assert "fewer than 10" in found["1"].difference.reason
    assert found["2"].score == (None, None, "0 positives among 10 known labels")
    assert found["2"].difference == found["2"].score
    assert [of.p is None for of in found.values()] == [False, True, True, False]
    assert found["0"].holm >= found["0"].p
    alone = found_of("auroc", y, score, patient, np.zeros(len(y)))["0.0"]
    assert alone.difference.reason == "of the other images: no known label"


def test_a_group_without_an_error_differs_by_no_more_than_chance():
    """Its variance by influences is 0; its interval is not."""
    y = np.tile([0.0, 1.0], 100)
    called = y.copy()
    called[40::20] = 1 - called[40::20]
    found = found_of("accuracy", y, called, np.arange(200), (np.arange(200) >= 40).astype(int), 0.5)
    assert found["0"].score.value == 1
    assert found["0"].p > 0.05


def test_holm():
    assert holm(np.array([0.01, 0.04, 0.03]), 3) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([]), 0).tolist() == []
