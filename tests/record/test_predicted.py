import numpy as np
import pytest
from scipy.stats import norm

from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import interval
from medsmall.evaluation.scored import of_finding
from medsmall.record.predicted import mean_score


def of(patients):
    return mean_score([Score(0.8, np.zeros(3), n, 0.5) for n in patients]).patients


def test_a_mean_rests_on_as_many_patients_as_its_half_patients_add_up_to():
    assert of([30, 30]) == 30
    assert 12 < of([12] + 13 * [200]) < 200
    assert of([12] + 13 * [200]) == pytest.approx(
        0.5 / ((0.5 / 12.5 + 13 * 0.5 / 200.5) / 14), abs=1
    )
    assert of([12] + 13 * [200]) < of([50] + 13 * [200])


def test_one_rare_target_does_not_widen_the_interval_of_fourteen():
    rng, held, widths, means = np.random.default_rng(0), [], [], []
    for _ in range(150):
        scores = []
        for positives in (12, *13 * [200]):
            y = (np.arange(1000) < positives).astype(float)
            prob = rng.normal(size=1000) + np.sqrt(2) * norm.ppf(0.9) * y
            scores.append(of_finding("auroc", y, prob, None, np.arange(1000), 1000))
        mean = mean_score(scores)
        limits = interval("auroc", mean)
        held.append(limits.low <= 0.9 <= limits.high)
        widths.append(limits.high - limits.low)
        means.append(mean.value)
    assert np.mean(held) > 0.92
    assert np.mean(widths) < 1.5 * 2 * 1.96 * np.std(means)
