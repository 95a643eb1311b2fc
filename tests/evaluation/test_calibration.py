import json
import subprocess
import sys

import numpy as np
import pytest
from scipy.special import expit, log_softmax, logit, ndtr, softmax

from medsmall.evaluation.calibration import CLIP, METHODS, Calibration
from medsmall.evaluation.calibration_fit import fit

NAMES = ["a", "b", "c"]


def findings(seed, patients, k=1, slope=2.5, bias=1.0, likeness=0.5):
    """Labels, overconfident probabilities, the true ones, and patients of 1 to 3 images."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), rng.integers(1, 4, patients))

    def alike():
        own, shared = rng.normal(size=(len(patient), k)), rng.normal(size=(patients, k))
        return np.sqrt(likeness) * shared[patient] + np.sqrt(1 - likeness) * own

    true = 1.5 * alike()
    y = (ndtr(alike()) < expit(true)).astype(float)
    return y, expit(slope * true + bias), expit(true), patient


def classes(seed, patients, slope=2.5, biases=(1.0, -0.5, 0.0), likeness=0.5):
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    shared, own = rng.normal(size=(patients, 3)), rng.normal(size=(len(patient), 3))
    true = 1.5 * (np.sqrt(likeness) * shared[patient] + np.sqrt(1 - likeness) * own)
    p = softmax(true, axis=1)
    place = np.sqrt(likeness) * rng.normal(size=patients)[patient]
    place = ndtr(place + np.sqrt(1 - likeness) * rng.normal(size=len(patient)))
    y = np.eye(3)[(place[:, None] > np.cumsum(p, axis=1)[:, :2]).sum(axis=1)]
    return y, softmax(slope * true + np.array(biases), axis=1), p, patient


def log_loss(true, prob, exclusive=False):
    """The expected one, of true probabilities."""
    prob = np.clip(prob, 1e-12, 1 - 1e-12)
    if exclusive:
        return -(true * np.log(prob)).sum(axis=1).mean()
    return -(true * np.log(prob) + (1 - true) * np.log(1 - prob)).mean()


@pytest.mark.parametrize("patients", [60, 300])
@pytest.mark.parametrize("method", ["temperature", "platt"])
def test_intervals_hold_the_true_probability_and_the_loss_falls(method, patients):
    bias, held, fell = (1.0 if method == "platt" else 0.0), [], []
    for seed in range(300 if patients < 100 else 150):
        y, prob, _, patient = findings(seed, patients, bias=bias)
        of = fit(y, prob, patient, method, False, ["a"])
        _, fresh, wanted, _ = findings(10_000 + seed, 200, bias=bias)
        low, high = of.interval(fresh)
        held.append(np.mean((low <= wanted) & (wanted <= high)))
        fell.append(log_loss(wanted, of.apply(fresh)) < log_loss(wanted, fresh))
    assert 0.90 <= np.mean(held) <= 0.98
    assert np.mean(fell) > 0.97


@pytest.mark.parametrize("method", ["temperature", "platt"])
def test_those_of_classes_do_so_too(method):
    biases, held, fell = ((1.0, -0.5, 0.0) if method == "platt" else (0.0,) * 3), [], []
    for seed in range(100):
        y, prob, _, patient = classes(seed, 100, biases=biases)
        of = fit(y, prob, patient, method, True, NAMES)
        assert not isinstance(of, str), of
        _, fresh, wanted, _ = classes(10_000 + seed, 100, biases=biases)
        low, high = of.interval(fresh)
        held.append(np.mean((low <= wanted) & (wanted <= high)))
        fell.append(log_loss(wanted, of.apply(fresh), True) < log_loss(wanted, fresh, True))
    assert 0.90 <= np.mean(held) <= 0.98
    assert np.mean(fell) > 0.97


def test_much_validation_gives_the_true_slope_and_bias():
    y, prob, _, patient = findings(0, 20_000, slope=2.5, bias=1.0)
    of = fit(y, prob, patient, "platt", False, ["a"])
    assert of.slope[0] == pytest.approx(1 / 2.5, rel=0.03)
    assert of.bias[0] == pytest.approx(-1 / 2.5, rel=0.08)
    y, prob, true, patient = classes(0, 20_000)
    of = fit(y, prob, patient, "platt", True, NAMES)
    assert of.apply(prob) == pytest.approx(true, abs=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_json_gives_the_same_back_exactly(method):
    for made, exclusive in ((findings(1, 400, k=3), False), (classes(1, 400), True)):
        y, prob, _, patient = made
        of = fit(y, prob, patient, method, exclusive, NAMES)
        of = of.for_population(np.array([0.5, 0.3, 0.2]), np.array([0.1, np.nan, 0.6]))
        again = Calibration.of_json(json.loads(json.dumps(of.as_json())))
        assert again == of
        assert (again.apply(prob) == of.apply(prob)).all()
        with pytest.raises(ValueError, match="not a calibration"):
            Calibration.of_json(of.as_json() | {"bias": [0.0]})
    with pytest.raises(ValueError, match="not a calibration"):
        Calibration.of_json({"method": "platt"})


@pytest.mark.parametrize("method", METHODS)
def test_calibrated_probabilities_keep_their_order_and_their_sum(method):
    y, prob, _, patient = findings(2, 200)
    y = 1 - y  # worse than a coin
    rising = np.linspace(0, 1, 999)[:, None]
    found = fit(y, prob, patient, method, False, ["a"]).apply(rising)
    assert (np.diff(found[:, 0]) >= 0).all()
    assert ((found > 0) & (found < 1)).all()
    y, prob, _, patient = classes(2, 400)
    of = fit(y, prob, patient, method, True, NAMES)
    hard = np.vstack([np.eye(3), prob])
    assert of.apply(hard).sum(axis=1) == pytest.approx(1)
    assert np.isfinite(of.apply(hard)).all()


@pytest.mark.parametrize("method", ["temperature", "platt"])
def test_an_interval_is_around_its_probability_even_at_the_ends(method):
    y, prob, _, patient = findings(3, 100)
    of = fit(y, prob, patient, method, False, ["a"])
    hard = np.vstack([[[0.0]], [[1.0]], prob])
    low, high = of.interval(hard)
    assert ((low <= of.apply(hard)) & (of.apply(hard) <= high)).all()
    assert (low < high).all()
    y, prob, _, patient = classes(3, 100)
    of = fit(y, prob, patient, method, True, NAMES)
    hard = np.vstack([np.eye(3), prob])
    low, high = of.interval(hard)
    assert (low <= of.apply(hard) + 1e-12).all()
    assert (of.apply(hard) <= high + 1e-12).all()
    assert fit(y, prob, patient, "isotonic", True, NAMES) != of


def test_the_interval_of_classes_is_that_of_small_changes_of_the_fit():
    y, prob, _, patient = classes(4, 200)
    of = fit(y, prob, patient, "platt", True, NAMES)
    rng = np.random.default_rng(0)
    state = np.r_[of.slope[0], of.bias]
    scale = 0.01  # small, so that the delta method is exact
    draws = rng.multivariate_normal(state, scale**2 * np.array(of.covariance[0]), 4000)
    few = prob[:20]
    logs = np.log(np.clip(few, CLIP, 1 - CLIP))
    found = np.array([logit(np.exp(log_softmax(s * logs + b, 1))) for s, *b in draws])
    low, high = of.interval(few)
    half = (logit(high) - logit(low)) / 2 / of.quantile[0]
    assert found.std(axis=0) / scale == pytest.approx(half, rel=0.05)


def test_images_of_one_patient_that_agree_widen_the_interval():
    y, prob, _, patient = findings(5, 100)
    of = fit(y, prob, patient, "platt", False, ["a"])
    copies = fit(
        *(np.tile(x, (5, 1)) for x in (y, prob)), np.tile(patient, 5), "platt", False, ["a"]
    )
    alone = fit(
        *(np.tile(x, (5, 1)) for x in (y, prob)), np.arange(5 * len(y)), "platt", False, ["a"]
    )
    width = [np.subtract(*one.interval(prob)).mean() for one in (of, copies, alone)]
    assert width[1] == pytest.approx(width[0], rel=0.25)
    assert abs(width[2]) < 0.6 * abs(width[0])


def test_separable_classes_have_a_finite_slope_and_an_honest_interval():
    p = np.r_[np.linspace(0.1, 0.4, 20), np.linspace(0.6, 0.9, 20)][:, None]
    y = np.repeat([0.0, 1.0], 20)[:, None]
    for method in ("temperature", "platt"):
        of = fit(y, p, np.arange(40), method, False, ["a"])
        assert 1 < of.slope[0] < 20
        low, high = of.interval(np.array([[0.95]]))
        assert low[0, 0] < 0.99 < high[0, 0]


def test_a_known_shift_of_the_population_is_bayes():
    y, prob, _, patient = findings(6, 300, k=2)
    of = fit(y, prob, patient, "platt", False, NAMES[:2])
    moved = of.for_population(np.array([0.5, 0.5]), np.array([0.1, np.nan]))
    assert logit(moved.apply(prob))[:, 0] == pytest.approx(logit(of.apply(prob))[:, 0] - np.log(9))
    assert (moved.apply(prob)[:, 1] == of.apply(prob)[:, 1]).all()
    for end, before in zip(moved.interval(prob), of.interval(prob), strict=True):
        assert logit(end)[:, 0] == pytest.approx(logit(before)[:, 0] - np.log(9))
    assert moved.for_population(np.full(2, 0.5), np.full(2, np.nan)) == of
    y, prob, _, patient = classes(6, 300)
    of = fit(y, prob, patient, "temperature", True, NAMES)
    shares, population = np.array([0.5, 0.3, 0.2]), np.array([0.9, 0.05, 0.05])
    weighed = of.apply(prob) * population / shares
    moved = of.for_population(shares, population)
    assert moved.apply(prob) == pytest.approx(weighed / weighed.sum(axis=1, keepdims=True))
    with pytest.raises(ValueError, match="between 0 and 1"):
        of.for_population(shares, np.array([1.0, 0.0, 0.0]))


def test_too_few_patients_are_refused_in_a_sentence():
    y, prob = np.r_[np.ones(6), np.zeros(40)][:, None], np.linspace(0.1, 0.9, 46)[:, None]
    reason = fit(y, prob, np.arange(46), "temperature", False, ["Hernia"])
    assert reason == (
        "validation has 6 positive and 40 negative patients of Hernia, temperature needs 10 of each"
    )
    many_images = fit(np.tile(y, (9, 1)), np.tile(prob, (9, 1)), np.tile(np.arange(46), 9),
                      "platt", False, ["Hernia"])  # fmt: skip
    assert many_images.startswith("validation has 6 positive")
    assert "isotonic needs 50 of each" in fit(y, prob, np.arange(46), "isotonic", False, ["x"])
    y[20:35] = 1
    same = fit(y, np.full_like(prob, 0.3), np.arange(46), "platt", False, ["Hernia"])
    assert same == "all probabilities of Hernia in validation are the same"
    assert "no" not in fit(np.full_like(y, np.nan), prob, np.arange(46), "platt", False, ["x"])


def test_a_finding_that_is_refused_keeps_its_probability():
    y, prob, _, patient = findings(7, 100, k=3)
    y[:, 1] = 0
    y[50:, 2] = np.nan
    of = fit(y, prob, patient, "platt", False, NAMES)
    assert list(of.refused) == ["b"]
    assert "0 positive and 100 negative patients of b" in of.refused["b"]
    moved = of.for_population(np.full(3, 0.5), np.full(3, 0.1))
    assert (moved.apply(prob)[:, 1] == prob[:, 1]).all()
    low, _ = of.interval(prob)
    assert np.isnan(low).all(axis=0).tolist() == [False, True, False]


@pytest.mark.parametrize("method", METHODS)
def test_a_class_that_validation_lacks_keeps_what_it_has(method):
    y, prob, _, patient = classes(8, 600)
    y = np.c_[y[:, :2], np.zeros(len(y)), y[:, 2]]
    prob = np.c_[0.9 * prob[:, :2], np.full(len(y), 0.1), 0.9 * prob[:, 2]]
    of = fit(y, prob, patient, method, True, ["a", "b", "none", "c"])
    assert of.refused == {"none": "validation has no image of it"}
    found = of.for_population(y.mean(axis=0), np.array([0.3, 0.3, 0.0, 0.4])).apply(prob)
    assert (found[:, 2] == prob[:, 2]).all()
    assert found.sum(axis=1) == pytest.approx(1)
    if method != "isotonic":
        low, high = of.interval(prob)
        assert np.isnan(low).all(axis=0).tolist() == [False, False, True, False]
        assert (low < high)[:, [0, 1, 3]].all()


def test_classes_are_refused_in_a_sentence():
    y, prob, _, patient = classes(9, 200)
    third = np.flatnonzero(y[:, 2])
    y[third[np.isin(patient[third], np.unique(patient[third])[4:])]] = [1, 0, 0]
    assert not isinstance(fit(y, prob, patient, "temperature", True, NAMES), str)
    reason = fit(y, prob, patient, "platt", True, NAMES)
    assert reason == "validation has 4 patients of c, platt needs 10 of each class that occurs"
    y[:] = [1, 0, 0]
    for method in METHODS:
        assert "200 patients of a and 0 of other classes" in fit(
            y, prob, patient, method, True, NAMES
        )


def test_isotonic_is_that_of_scikit_learn_and_has_no_interval():
    from sklearn.isotonic import IsotonicRegression

    y, prob, _, patient = findings(10, 600)
    of = fit(y, prob, patient, "isotonic", False, ["a"])
    wanted = IsotonicRegression(out_of_bounds="clip").fit(prob[:, 0], y[:, 0]).predict(prob[:, 0])
    assert of.apply(prob)[:, 0] == pytest.approx(wanted, abs=0.01)  # Platt's targets
    assert of.interval(prob) is None


def test_it_is_applied_with_numpy_alone():
    code = (
        "import sys, medsmall.evaluation.calibration as c\n"
        "assert not {'scipy', 'sklearn', 'pandas', 'torch'} & set(sys.modules)\n"
        "of = c.Calibration('platt', False, ['a'], {}, [0.5], [0.1], [[[0.1, 0], [0, 0.1]]],"
        " [2.0], [], [0.0])\n"
        "of.apply([[0.2]]), of.interval([[0.2]])\n"
        "assert not {'scipy', 'sklearn', 'pandas', 'torch'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
