import numpy as np
import pytest

from medsmall.evaluation.comparison import over_repeats, verdicts
from medsmall.evaluation.influence import Score, auroc
from medsmall.evaluation.power import Pilot, assumed_variance, detectable, power, uncertain

PATIENTS = 80


def verdict(rng, true, drawn, tested, repeats, comparisons):
    """One comparison of a family, of scores with these variances."""
    luck = rng.normal(0, np.sqrt(tested * PATIENTS), PATIENTS)
    influence = (luck - luck.mean()) / PATIENTS
    values = true + luck.mean() + rng.normal(0, np.sqrt(drawn), repeats)
    found = over_repeats([Score(value, influence, PATIENTS) for value in values])
    return verdicts([found], count=comparisons)[0].word


@pytest.mark.parametrize("repeats", [3, 5, 20])
@pytest.mark.parametrize("comparisons", [1, 6])
def test_a_detectable_difference_is_found_four_times_out_of_five(repeats, comparisons):
    pilot = Pilot(0.03**2, 0.02**2, PATIENTS)
    true = detectable(pilot, repeats, comparisons)
    rng = np.random.default_rng(0)
    words = [verdict(rng, true, *pilot[:2], repeats, comparisons) for _ in range(1500)]
    assert words.count("better") / 1500 == pytest.approx(0.8, abs=0.04)


def test_power_rises_with_the_difference_and_the_repeats():
    pilot = Pilot(0.03**2, 0.01**2, PATIENTS)
    assert power(0.0, pilot, 5) < 0.03 < power(0.03, pilot, 5) < power(0.06, pilot, 5)
    assert power(0.04, pilot, 5) < power(0.04, pilot, 10)
    assert power(0.04, pilot, 5, comparisons=10) < power(0.04, pilot, 5)
    assert power(1.0, pilot, 1) == 0
    with pytest.raises(ValueError, match="one repeat"):
        detectable(pilot, 1)


def test_repeats_do_not_help_where_the_test_patients_are_few():
    pilot = Pilot(0.001**2, 0.03**2, 20)
    assert detectable(pilot, 1000) == pytest.approx(detectable(pilot, 10), rel=0.01)
    assert detectable(pilot, 1000) > 2.8 * 0.03  # (1.96 + 0.84) standard errors, and Student's


def test_a_small_pilot_leaves_a_wide_range():
    low, high = uncertain(Pilot(0.03**2, 0.02**2, PATIENTS), 4)
    assert low.drawn < 0.03**2 < high.drawn
    surer = uncertain(Pilot(0.03**2, 0.02**2, PATIENTS), 40)
    assert high.drawn / low.drawn > 3 * surer[1].drawn / surer[0].drawn


def test_the_assumed_variance_is_that_of_new_patients():
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(60), 4)
    y = (patient < 20).astype(float)
    differences = []
    for _ in range(600):
        of_patient, shared = rng.normal(size=60)[patient], rng.normal(size=240)
        common = np.sqrt(0.5) * of_patient + np.sqrt(0.5) * shared
        areas = []
        for _ in range(2):
            own = np.sqrt(0.5) * rng.normal(size=60)[patient] + np.sqrt(0.5) * rng.normal(size=240)
            score = np.sqrt(0.7) * common + np.sqrt(0.3) * own + 1.19 * y  # AUROC .8
            areas.append(auroc(y, score, patient, 60)[0])
        differences.append(areas[0] - areas[1])
    assert assumed_variance(y, patient, 0.8, 0.7) == pytest.approx(np.var(differences), rel=0.2)
    assert assumed_variance(y, patient, 0.8, 0.9) < assumed_variance(y, patient, 0.8, 0.5)
