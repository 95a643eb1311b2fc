import numpy as np
import pytest
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score, roc_curve

from medsmall.evaluation import bands
from medsmall.evaluation.bands import GRID


def made(seed, patients=80, skill=1.0, ties=False):
    rng = np.random.default_rng(seed)
    y = np.repeat((rng.random(patients) < 0.4).astype(float), 2)
    logit = skill * (2 * y - 1) + np.repeat(rng.normal(size=patients), 2)
    prob = 1 / (1 + np.exp(-logit))
    prob = prob.round(1) if ties else prob
    return bands.Tested(y, prob, np.repeat(np.arange(patients), 2), patients)


one = np.ones((1, 160))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_curves_are_those_of_scikit_learn(seed, ties):
    y, prob, *_ = made(seed, ties=ties)
    false, hits, _ = roc_curve(y, prob, drop_intermediate=False)
    (roc,) = bands.roc(y, prob, one)
    assert roc[1:] == pytest.approx(np.interp(GRID, false, hits)[1:])
    assert auc(GRID, roc) == pytest.approx(roc_auc_score(y, prob), abs=0.01)
    precision, recall, _ = precision_recall_curve(y, prob)
    (found,) = bands.precision_recall(y, prob, one)
    at_threshold = [
        precision[np.flatnonzero(recall >= at - 1e-9)[-1]] for at in GRID[1:]
    ]  # the highest threshold that reaches it
    assert found[1:] == pytest.approx(at_threshold)


def test_an_image_of_weight_two_counts_as_two():
    y, prob, *_ = made(0)
    twice = np.ones((1, 160))
    twice[0, 7] = 2
    more_y, more_prob = np.append(y, y[7]), np.append(prob, prob[7])
    for curve in (bands.roc, bands.precision_recall, bands.reliability(np.linspace(0, 1, 6))):
        assert curve(y, prob, twice) == pytest.approx(curve(more_y, more_prob, np.ones((1, 161))))


def test_reliability_is_the_share_of_each_bin():
    y, prob = np.array([0, 1, 1, 1.0]), np.array([0.1, 0.2, 0.6, 1.0])
    (found,) = bands.reliability(np.array([0, 0.3, 0.5, 1.0]))(y, prob, np.ones((1, 4)))
    assert found[[0, 2]] == pytest.approx([0.5, 1.0])
    assert np.isnan(found[1])


def test_the_mean_of_equal_runs_has_the_band_of_one():
    test = made(1)
    alone, three = (bands.over_repeats(bands.roc, [[test]] * k) for k in (1, 3))
    assert three.mean == pytest.approx(alone.mean)
    assert three.low == pytest.approx(alone.low)
    assert three.high == pytest.approx(alone.high)


def test_two_runs_or_folds_have_no_band():
    tests = [made(1), made(2)]
    assert np.isnan(bands.over_repeats(bands.roc, [[test] for test in tests]).low).all()
    assert np.isnan(bands.over_folds(bands.roc, [[one] for one in tests]).high).all()


def test_a_band_holds_the_curve_of_endless_patients_and_repeats_at_most_places():
    """Repeats scatter in their skill; at places away from the corners 95% are promised."""
    rng = np.random.default_rng(0)
    places = [10, 20, 40]
    skills = 1 + 0.3 * rng.normal(size=400)
    true = np.mean(
        [bands.roc(*_population(s), np.ones((1, 20000)))[0] for s in skills[:40]], axis=0
    )
    inside = []
    for trial in range(60):
        shared = np.random.default_rng(1000 + trial)
        y = (shared.random(120) < 0.5).astype(float)
        case = shared.normal(size=120)
        tests = []
        for skill in 1 + 0.3 * shared.normal(size=4):
            prob = skill * (2 * y - 1) + case + 0.5 * shared.normal(size=120)
            tests.append(bands.Tested(y, prob, np.arange(120), 120))
        band = bands.over_repeats(bands.roc, [[test] for test in tests])
        inside.append((band.low <= true)[places] & (true <= band.high)[places])
    assert 0.88 <= np.mean(inside) <= 1


def _population(skill):
    rng = np.random.default_rng(7)
    y = np.arange(20000) % 2.0
    return y, skill * (2 * y - 1) + rng.normal(size=20000) + 0.5 * rng.normal(size=20000)


def test_seeds_of_a_draw_are_no_repeats():
    """Where the draw decides, more seeds of each draw do not narrow the band."""
    draws = [made(3, skill=skill) for skill in (0.2, 0.6, 1.0, 1.4)]
    alone = bands.over_repeats(bands.roc, [[draw] for draw in draws])
    seeds = bands.over_repeats(bands.roc, [[draw] * 5 for draw in draws])
    assert seeds.low == pytest.approx(alone.low)
    assert seeds.high == pytest.approx(alone.high)


def test_many_thresholds_are_thinned_without_harm():
    rng = np.random.default_rng(0)
    y = (rng.random(30000) < 0.1).astype(float)
    prob = y + rng.normal(size=30000)
    (found,) = bands.roc(y, prob, np.ones((1, 30000)))
    false, hits, _ = roc_curve(y, prob)
    assert np.abs(found - np.interp(GRID, false, hits)).max() < 0.01
