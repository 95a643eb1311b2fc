import numpy as np
import pytest
from scipy import stats

from medsmall.evaluation import scored
from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import interval, too_few


def finding(metric, y, prob, patient=None):
    patient = np.arange(len(y)) if patient is None else patient
    return scored.of_finding(metric, y, prob, prob >= 0.5, patient, patient.max() + 1)


def draw(positives, negatives, seed=0, shift=1.0):
    rng = np.random.default_rng(seed)
    y = np.repeat([1.0, 0.0], [positives, negatives])
    return y, stats.norm.cdf(rng.normal(size=len(y)) + shift * (y - 0.5))


@pytest.mark.parametrize("metric", ["auroc", "average_precision", "accuracy", "f1", "cohen_kappa"])
def test_the_score_lies_inside_and_more_patients_make_it_narrower(metric):
    widths = []
    for n in (15, 60, 240):
        score = finding(metric, *draw(n, n))
        low, high = interval(metric, score)
        assert -1 <= low < score.value < high <= 1
        widths.append(high - low)
    assert widths[0] > 1.5 * widths[1] > 2.2 * widths[2]


def test_it_is_near_hanley_and_mcneils_standard_error():
    """Of the AUROC of many patients, by their formula of 1982."""
    m, n = 200, 300
    score = finding("auroc", *draw(m, n, seed=1))
    a = score.value
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    error = np.sqrt((a * (1 - a) + (m - 1) * (q1 - a * a) + (n - 1) * (q2 - a * a)) / (m * n))
    low, high = interval("auroc", score)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.12)


def test_the_accuracy_of_single_images_is_near_wilsons():
    y, prob = draw(80, 80, seed=2)
    score = finding("accuracy", y, prob)
    hits = round(score.value * len(y))
    wilson = stats.binomtest(hits, len(y)).proportion_ci(method="wilson")
    assert interval("accuracy", score) == pytest.approx((wilson.low, wilson.high), abs=0.01)


def test_images_of_one_patient_count_less_than_those_of_many():
    y, prob = draw(20, 20)
    alone = interval("auroc", finding("auroc", y, prob))
    again = interval(
        "auroc", finding("auroc", np.tile(y, 5), np.tile(prob, 5), np.tile(np.arange(40), 5))
    )
    assert again == pytest.approx(alone)


@pytest.mark.parametrize("turned", [False, True])
def test_at_its_ends_it_has_one_side(turned):
    y = np.repeat([1.0, 0.0], 15)
    prob = 1 - y if turned else y
    low, high = interval("auroc", finding("auroc", y, prob))
    assert (low == 0) == turned
    assert (high == 1) == (not turned)
    assert high - low == pytest.approx(0.12, abs=0.06)
    kappa = interval("cohen_kappa", finding("cohen_kappa", y, prob))
    assert (kappa.low == -1) == turned


def test_fewer_than_ten_patients_have_none_and_are_told():
    y, prob = draw(9, 100)
    assert interval("auroc", finding("auroc", y, prob)) is None
    assert too_few(finding("auroc", y, prob)) == "it rests on 9 patients, fewer than 10"
    assert interval("specificity", finding("specificity", y, prob)) is not None
    assert interval("sensitivity", finding("sensitivity", y, prob)) is None
    few = finding("auroc", *draw(30, 30), patient=np.arange(60) % 4)
    assert too_few(few) == "it rests on 4 patients, fewer than 10"


def test_errors_of_numbers():
    rng = np.random.default_rng(0)
    y, patient = rng.normal(100, 30, 50), np.arange(50)
    predicted = y + rng.normal(2, 10, 50)
    for metric in ("mae", "rmse", "r2", "mean_error"):
        score = scored.of_quantity(metric, y, predicted, patient, 50)
        low, high = interval(metric, score)
        assert low < score.value < high
        assert interval(metric, score, level=0.5).low > low
    student = stats.ttest_1samp(predicted - y, 0).confidence_interval(0.95)
    assert interval("mean_error", scored.of_quantity("mean_error", y, predicted, patient, 50)) == (
        pytest.approx((student.low, student.high))
    )
    exact = scored.of_quantity("mae", y, y, patient, 50)
    assert interval("mae", exact) == (0, 0)


@pytest.mark.parametrize("area", [0.7, 0.97])
def test_95_per_cent_hold_the_truth(area):
    """A short form of scripts/simulate_intervals.py: 12 patients with 4 like images, and 60."""
    rng = np.random.default_rng(7)
    shift = stats.norm.ppf(area) * np.sqrt(2)
    patient = np.repeat(np.arange(72), 4)
    y = (patient < 12).astype(float)
    held = []
    for _ in range(600):
        noise = np.sqrt(0.5) * (rng.normal(size=72)[patient] + rng.normal(size=len(y)))
        score = finding("auroc", y, noise + shift * y, patient)
        low, high = interval("auroc", score)
        held.append(low <= area <= high)
    assert 0.91 <= np.mean(held) <= 0.985


def test_guessing_many_classes_is_the_chance_of_their_scores():
    rng = np.random.default_rng(0)
    true, called = rng.integers(0, 4, (2, 400))
    for metric, chance in (("balanced_accuracy", 1 / 4), ("macro_f1", 1 / 4), ("cohen_kappa", 0)):
        score = scored.of_classes(metric, true, called, 4, np.arange(400), 400)
        assert score.chance == chance
        low, high = interval(metric, score)
        assert low < chance < high
    assert isinstance(score, Score)
