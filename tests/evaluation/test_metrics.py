"""Metrics: by property, against torchmetrics and pandas, and None with a reason where undefined."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from medsmall.evaluation.classes import evaluate_classes
from medsmall.evaluation.metrics import CLIP, METRICS, evaluate
from medsmall.evaluation.threshold import choose_threshold

# Scores on a grid, so that ties are frequent and transforms keep the order exactly.
samples = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=4, max_size=40).map(
    lambda rows: (np.array([r[0] for r in rows], float), np.array([r[1] for r in rows]) / 20)
)


def one(y, prob, threshold=0.5):
    return evaluate(y[:, None], prob[:, None], ["T"], {"T": threshold})["targets"]["T"]


def simulated(n=400, k=3, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random((n, k)) < 0.3).astype(float)
    prob = 1 / (1 + np.exp(-(1.5 * y - 1 + rng.normal(size=(n, k)))))
    y[rng.random((n, k)) < 0.1] = np.nan
    return y, prob, [f"T{i}" for i in range(k)]


@given(samples)
@settings(max_examples=25, deadline=None)
def test_auroc_is_mann_whitney_symmetric_and_invariant_to_monotone_transforms(sample):
    y, prob = sample
    assume(0 < y.sum() < len(y))
    auroc = one(y, prob)["auroc"]
    pairs = prob[y == 1][:, None] - prob[y == 0][None, :]
    assert auroc == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    assert one(y, prob**2 / 2 + prob / 3)["auroc"] == pytest.approx(auroc)
    assert one(1 - y, prob)["auroc"] == pytest.approx(1 - auroc)
    assert one(1 - y, 1 - prob)["auroc"] == pytest.approx(auroc)


@given(samples, st.integers(0, 20))
@settings(max_examples=25, deadline=None)
def test_what_depends_on_the_threshold_agrees_with_counting(sample, cut):
    y, prob = sample
    assume(0 < y.sum() < len(y))
    result = one(y, prob, cut / 20)
    called = prob >= cut / 20
    assert result["sensitivity"] == pytest.approx(called[y == 1].mean())
    assert result["specificity"] == pytest.approx(1 - called[y == 0].mean())
    assert result["accuracy"] == pytest.approx((called == y).mean())
    assert result["balanced_accuracy"] == pytest.approx(
        (result["sensitivity"] + result["specificity"]) / 2
    )


@given(samples)
@settings(max_examples=50, deadline=None)
def test_no_threshold_beats_the_chosen_one(sample):
    y, prob = sample
    threshold = choose_threshold(y, prob)
    if not 0 < y.sum() < len(y):
        assert threshold is None
        return
    assert 0 <= threshold <= 1

    def youden(t):
        return np.mean(prob[y == 1] >= t) - np.mean(prob[y == 0] >= t)

    assert youden(threshold) >= max(youden(t) for t in np.linspace(0, 1.02, 103)) - 1e-12


def test_the_threshold_is_midway_and_ties_go_to_the_one_nearest_one_half():
    assert choose_threshold(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.9])) == (
        pytest.approx(0.25)
    )
    # J is 1/2 between 0.1 and 0.2 and again between 0.7 and 0.8.
    y, prob = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.7, 0.8])
    assert choose_threshold(y, prob) == pytest.approx(0.75)
    assert choose_threshold(np.array([1.0, np.nan, 0]), np.array([0.6, 0.1, 0.2])) == 0.4
    low = np.nextafter(0.5, 0)
    assert choose_threshold(np.array([0, 1]), np.array([low, 0.5])) == 0.5


def test_youden_finds_the_crossing_of_two_gaussians():
    # Scores N(-1, 1) and N(1, 1): the optimum is at 0, a probability of 1/2 after the sigmoid.
    rng = np.random.default_rng(0)
    regret = []
    for _ in range(50):
        y = np.repeat([0.0, 1.0], 200)
        prob = 1 / (1 + np.exp(-(rng.normal(size=400) + 2 * y - 1)))
        t = choose_threshold(y, prob)
        cut = np.log(t / (1 - t))
        true_youden = norm.sf(cut, loc=1) - norm.sf(cut, loc=-1)
        regret.append(norm.sf(0, loc=1) - norm.sf(0, loc=-1) - true_youden)
    assert np.mean(regret) < 0.02
    assert min(regret) >= -1e-12


def test_it_agrees_with_torchmetrics():
    torch = pytest.importorskip("torch")
    from torchmetrics.functional import classification as tm

    y, prob, targets = simulated()
    result = evaluate(y, prob, targets, dict.fromkeys(targets, 0.4))
    for k, name in enumerate(targets):
        known = ~np.isnan(y[:, k])
        p, t = torch.tensor(prob[known, k]), torch.tensor(y[known, k]).int()
        expected = {
            "auroc": tm.binary_auroc(p, t),
            "average_precision": tm.binary_average_precision(p, t),
            "accuracy": tm.binary_accuracy(p, t, threshold=0.4),
            "sensitivity": tm.binary_recall(p, t, threshold=0.4),
            "specificity": tm.binary_specificity(p, t, threshold=0.4),
            "cohen_kappa": tm.binary_cohen_kappa(p, t, threshold=0.4),
        }
        for metric, value in expected.items():
            assert result["targets"][name][metric] == pytest.approx(float(value), abs=1e-6), metric
    loss = torch.nn.functional.binary_cross_entropy(
        torch.tensor(prob[~np.isnan(y)]), torch.tensor(y[~np.isnan(y)])
    )
    assert result["loss"] == pytest.approx(float(loss))


def test_an_absent_class_is_null_with_its_reason_and_no_warning():
    y, prob, _ = simulated()
    y[:, 1] = 0
    y[:, 2] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = evaluate(y, prob, ["A", "B", "C"], {"A": 0.5, "B": 0.5, "C": None})
    b, c, mean = result["targets"]["B"], result["targets"]["C"], result["mean"]
    for metric in ("auroc", "average_precision", "balanced_accuracy", "sensitivity", "cohen_kappa"):
        assert b[metric] is None
        assert b["reasons"][metric] == "no positive among 400 known labels"
    assert b["specificity"] == b["accuracy"] is not None
    no_threshold = dict.fromkeys(METRICS[2:], "no threshold")
    assert c["reasons"] == dict.fromkeys(METRICS, "no known label") | no_threshold
    assert mean["auroc"] == result["targets"]["A"]["auroc"]
    assert (mean["auroc_over"], mean["specificity_over"]) == (1, 2)


def test_nothing_known_is_null_everywhere():
    y, prob = np.full((3, 2), np.nan), np.full((3, 2), 0.5)
    for of_kind in (evaluate, evaluate_classes):
        result = of_kind(y, prob, ["A", "B"])
        assert result["loss"] is None
        assert result["reasons"]["loss"] == "no known label"
        assert result["mean"]["auroc"] is None
        assert result["mean"]["auroc_over"] == 0
        assert result["mean"]["reasons"]["auroc"] == "undefined for every target"


def test_a_sure_error_has_a_finite_loss():
    result = evaluate(np.array([[1.0]]), np.array([[0.0]]), ["A"])
    assert result["loss"] == pytest.approx(-np.log(CLIP))


def test_arrays_that_do_not_fit_are_refused():
    y, prob, targets = simulated()
    with pytest.raises(ValueError, match="NaN"):
        evaluate(y, np.where(prob > 0.9, np.nan, prob), targets)
    with pytest.raises(ValueError, match="between 0 and 1"):
        evaluate(y, prob * 2, targets)
    with pytest.raises(ValueError, match="K=2 targets"):
        evaluate(y, prob, targets[:2])
    with pytest.raises(ValueError, match="1, 0 or NaN"):
        evaluate(y - 1, prob, targets)


def test_every_number_can_be_recomputed_from_predictions_csv_with_pandas(tmp_path):
    y, prob, targets = simulated()
    thresholds = {name: choose_threshold(y[:, k], prob[:, k]) for k, name in enumerate(targets)}
    result = json.loads(json.dumps(evaluate(y, prob, targets, thresholds)))
    columns = [*targets, *(f"prob_{name}" for name in targets)]
    pd.DataFrame(np.c_[y, prob], columns=columns).to_csv(tmp_path / "predictions.csv", index=False)

    table = pd.read_csv(tmp_path / "predictions.csv")
    log_p = []
    for name in targets:
        known = table.dropna(subset=[name])
        true, p = known[name] == 1, known[f"prob_{name}"]
        called = p >= result["targets"][name]["threshold"]
        log_p.append(p.where(true, 1 - p).clip(CLIP, 1 - CLIP).map(np.log))
        n1, n0 = true.sum(), (~true).sum()
        auroc = (p.rank()[true].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)
        best = known.sort_values(f"prob_{name}", ascending=False)[name].to_numpy()
        precision = np.cumsum(best) / np.arange(1, len(best) + 1)
        chance = called.mean() * true.mean() + (~called).mean() * (~true).mean()
        agree = (called == true).mean()
        recomputed = {
            "n": len(known),
            "n_positive": n1,
            "auroc": auroc,
            "average_precision": precision[best == 1].mean(),
            "accuracy": agree,
            "sensitivity": called[true].mean(),
            "specificity": (~called)[~true].mean(),
            "cohen_kappa": (agree - chance) / (1 - chance),
        }
        for metric, value in recomputed.items():
            assert result["targets"][name][metric] == pytest.approx(value), metric
    assert result["loss"] == pytest.approx(-pd.concat(log_p).mean())
    for metric in METRICS:
        values = pd.Series([result["targets"][name][metric] for name in targets])
        assert result["mean"][metric] == pytest.approx(values.mean())
