"""Learning curves of cells whose errors by repeats and by test patients are known."""

import numpy as np
import pytest

from medsmall.evaluation.comparison import over_repeats
from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import of_mean
from medsmall.report.cells import Cell
from medsmall.report.curves import curve_of, equal_to

SIZES = (50, 84, 141, 238, 400)
PATIENTS = 200


def area(n, ahead=1):
    return 1 - 0.3 * (0.3 + 0.7 * (n * ahead / 50) ** -0.6)


def luck(seed, deviation):
    """Influences of patients that give a score this standard error."""
    drawn = np.random.default_rng(seed).normal(size=PATIENTS)
    drawn -= drawn.mean()
    return drawn * deviation / np.sqrt((drawn**2).sum() * PATIENTS / (PATIENTS - 1))


def cells(of_patients, scatter=0.002, ahead=1):
    """An arm whose repeats lie evenly about its true AUROC, and all of whose runs share `luck`."""
    found = []
    for n in SIZES:
        values = area(n, ahead) + scatter * np.array([-1.0, 0.0, 1.0])
        scores = {str(r): Score(v, of_patients, 60, 0.5) for r, v in enumerate(values)}
        every = over_repeats(list(scores.values()))
        found.append(Cell(("arm",), n, n, 3, every.value, scores, every, None, "", None))
    return found


def width(of):
    return of.high - of.low


def test_other_patients_widen_the_band_and_leave_the_curve_in_its_points():
    here, there = (curve_of(("arm",), cells(luck(0, sd)), "auroc") for sd in (1e-6, 0.04))
    for n in SIZES:
        alone, whole = here.score(n), there.score(n)
        assert whole.median == pytest.approx(alone.median, abs=1e-6)  # however large it is
        assert alone.median == pytest.approx(area(n), abs=0.01)
        assert width(whole) > 2 * width(alone)
    score = Score(area(141), np.zeros(1), 60, 0.5)
    patients = of_mean("auroc", score, 0.04**2, 0.0, 0)
    expected = np.hypot(width(here.score(141)), width(patients))
    assert width(there.score(141)) == pytest.approx(expected, rel=0.15)


def test_a_wished_score_is_of_other_patients_too():
    few, many = (curve_of(("arm",), cells(luck(0, sd)), "auroc") for sd in (0.04, 0.004))
    assert few.needed(area(141)).low < many.needed(area(141)).low < 141
    assert 141 < many.needed(area(141)).high < few.needed(area(141)).high


def test_images_saved_depend_on_what_suits_one_arm_and_not_the_other():
    shared, own = luck(0, 0.04), luck(1, 0.01)
    other = curve_of(("arm",), cells(shared), "auroc")
    alike = equal_to(cells(shared, ahead=2)[1], other)
    assert alike.median == pytest.approx(168, rel=0.08)  # twice 84
    assert width(alike) < 0.5 * width(other.needed(area(168)))  # the same patients
    unlike = equal_to(cells(shared + own, ahead=2)[1], other)
    assert width(unlike) > 1.5 * width(alike)


def test_images_saved_depend_on_the_scatter_of_the_better_arm():
    other = curve_of(("arm",), cells(luck(0, 0.04)), "auroc")
    steady, scattered = (
        equal_to(cells(luck(0, 0.04), scatter, ahead=2)[1], other) for scatter in (0.002, 0.01)
    )
    assert width(scattered) > 1.5 * width(steady)
