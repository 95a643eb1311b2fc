"""How often the intervals for probabilities and calls hold the truth, in small samples.

python scripts/simulate_calibration.py [draws per setting; 300]

Patients have 1 to 3 images, alike in their probabilities and in their labels (correlation 0.5 of
the normal scores behind both). The model's logits are 2.5 times too far apart, and 1 too high where
a bias can be fitted. Prints, per number of patients and share of positives, the share of draws
whose 95% interval holds the truth: of calibrated probabilities on average over images, and in the
worst of five groups of images by their true probability; of errors; of likelihood ratios and
predictive values; the coverage of conformal sets that promise 90%; and, no share, by how much
calibration changes the expected log loss of this model, and of one that is right already.
"""

import sys
from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri, softmax

from medsmall.evaluation import calibration_error, predictive_values
from medsmall.evaluation.bands import bin_of
from medsmall.evaluation.calibration_fit import fit
from medsmall.evaluation.conformal import quantile, scores, sets
from medsmall.evaluation.influence import Codes, Floats
from medsmall.evaluation.measured import Measured

SETTINGS = ((60, 0.5), (100, 0.2), (300, 0.5), (300, 0.1), (1000, 0.05))
SLOPE, BIAS, MANY, GROUPS, PREVALENCE = 2.5, 1.0, 40_000, 5, 0.02
SPREAD = 1.5  # of the true logits: an AUROC of .81
SPREADS = (1.5, 4.0, 8.0)
Held = dict[str, list[Any]]


class Sample(NamedTuple):
    """Labels, probabilities of the model, true ones (N, K), and patients (N,)."""

    y: Floats
    prob: Floats
    true: Floats
    patient: Codes


def alike(patient: Codes, patients: int, columns: int, rng: np.random.Generator) -> Floats:
    """Normal scores (N, columns), correlated within patients."""
    shared = rng.standard_normal((patients, columns))[patient]
    return np.asarray((shared + rng.standard_normal(shared.shape)) / 2**0.5)


def finding(
    patients: int, share: float, bias: float, rng: np.random.Generator, spread: float = SPREAD
) -> Sample:
    """A finding that about this share of images has (K = 1)."""
    patient = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    logits = logit(share) + spread * alike(patient, patients, 1, rng)
    y = (ndtr(alike(patient, patients, 1, rng)) < expit(logits)).astype(float)
    return Sample(y, expit(SLOPE * logits + bias), expit(logits), patient)


def three_classes(patients: int, share: float, bias: float, rng: np.random.Generator) -> Sample:
    """Three classes, the last with about this share of images, the others alike."""
    patient = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    logits = np.log([(1 - share) / 2, (1 - share) / 2, share])
    logits = logits + 1.5 * alike(patient, patients, 3, rng)
    true = softmax(logits, axis=1)
    place = ndtr(alike(patient, patients, 1, rng))
    y = np.eye(3)[(place > np.cumsum(true, axis=1)[:, :2]).sum(axis=1)]
    return Sample(y, softmax(SLOPE * logits + bias * np.array([1, -0.5, 0]), 1), true, patient)


def of_calibration(patients: int, share: float, draws: int) -> Held:
    """Whether intervals hold the true probability: of all images, and the worst group's mean."""
    held: Held = defaultdict(list)
    groups: dict[str, list[Floats]] = defaultdict(list)
    for draw in range(draws):
        for kind, made in (("finding", finding), ("classes", three_classes)):
            for method, bias in (("temperature", 0.0), ("platt", BIAS)):
                key = f"{method} of {kind}"
                rng = np.random.default_rng([draw, patients])
                seen, fresh = made(patients, share, bias, rng), made(200, share, bias, rng)
                names = [str(k) for k in range(seen.y.shape[1])]
                of = fit(seen.y, seen.prob, seen.patient, method, kind == "classes", names)
                held[f"{key}: refused"].append(isinstance(of, str))
                if isinstance(of, str) or (ends := of.interval(fresh.prob)) is None:
                    continue
                inside = (ends[0] <= fresh.true) & (fresh.true <= ends[1])
                held[key].append(inside.mean())
                groups[key].append(_by_group(fresh.true.ravel(), inside.ravel()))
                better = _loss(fresh.true, of.apply(fresh.prob), kind) < _loss(*fresh[2:0:-1], kind)
                held[f"{key}: better"].append(better)
    worst = {f"{key}: worst group": [np.mean(of, axis=0).min()] for key, of in groups.items()}
    return held | worst


def of_errors(patients: int, share: float, draws: int) -> Held:
    """Whether those of ECE, Brier score, log loss and of a change by calibration do."""
    held: Held = defaultdict(list)
    many = Sample(*(of[..., 0] if of.ndim > 1 else of
                    for of in finding(MANY, share, BIAS, np.random.default_rng(0))))  # fmt: skip
    p, t = np.clip(many.prob, 1e-7, 1 - 1e-7), many.true
    logs = _entropy(t, p)
    truth = {"brier": float((t * (1 - p) ** 2 + (1 - t) * p**2).mean()), "log loss": logs,
             "change of log loss": _entropy(t, t) - logs}  # fmt: skip
    for draw in range(draws):
        y, prob, true, patient = finding(patients, share, BIAS, np.random.default_rng([draw, 1]))
        y, prob, true = y[:, 0], prob[:, 0], true[:, 0]
        ece = calibration_error.ece(y, prob, patient)
        inside = bin_of(p, calibration_error.edges_of(prob))
        of_ece = float(np.abs(np.bincount(inside, t - p)).sum() / len(p))
        _add(held, "ece", ece.measured, of_ece)
        held["ece: value - truth"].append((ece.measured.value or 0) - of_ece)
        held["ece: debiased - truth"].append((ece.debiased or 0) - of_ece)
        _add(held, "brier", calibration_error.brier(y, prob, patient), truth["brier"])
        _add(held, "log loss", calibration_error.log_loss(y, prob, patient), truth["log loss"])
        change = calibration_error.change(y, prob, true, patient).log_loss
        _add(held, "change of log loss", change, truth["change of log loss"])
    return held


def of_calls(patients: int, share: float, draws: int) -> Held:
    """Whether those of likelihood ratios and predictive values do, at a prevalence of 2%."""
    held: Held = defaultdict(list)
    for sensitivity, specificity in ((0.7, 0.9), (0.9, 0.98)):
        positive, negative = sensitivity / (1 - specificity), (1 - sensitivity) / specificity
        odds = PREVALENCE / (1 - PREVALENCE)
        ppv, npv = expit(np.log(positive * odds)), expit(-np.log(negative * odds))
        for draw in range(draws):
            rng = np.random.default_rng([draw, 2])
            patient = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
            own, mixed = rng.random(len(patient)) < share, rng.random(len(patient)) < 0.3
            y = np.where(mixed, own, (rng.random(patients) < share)[patient])
            noise = alike(patient, patients, 1, rng)[:, 0]
            called = noise > np.where(y, -ndtri(sensitivity), ndtri(specificity))
            of = predictive_values.of_calls(y.astype(float), called, patient, PREVALENCE)
            if isinstance(of, str) or of.stated is None or of.overstated is None:
                continue
            in_test = expit(np.log(positive) + logit(y.mean()))
            for name, measured, true in (
                ("LR+", of.lr_positive, positive), ("LR-", of.lr_negative, negative),
                ("PPV", of.stated.ppv, ppv), ("NPV", of.stated.npv, npv),
                ("overstated", of.overstated, in_test - ppv),
            ):  # fmt: skip
                _add(held, f"{name} at {sensitivity}, {specificity}", measured, true)
    return held


def of_sets(patients: int, share: float, draws: int) -> Held:
    """The coverage of sets that promise 90%, one image of each new patient."""
    held: Held = defaultdict(list)
    for draw in range(draws):
        rng = np.random.default_rng([draw, 3])
        for few in (9, 19, patients):
            seen, fresh = (three_classes(n, share, BIAS, rng) for n in (few, 200))
            q = quantile(scores(seen.y, seen.prob, seen.patient), 0.1)
            assert not isinstance(q, str)
            first = np.unique(fresh.patient, return_index=True)[1]
            found, true = sets(fresh.prob[first], q), fresh.y[first].argmax(axis=1)
            held[f"sets from {few} patients"].append(found[np.arange(len(found)), true].mean())
            held[f"sets from {few} patients: size"].append(found.sum(axis=1).mean())
    return held


def _add(held: Held, name: str, found: Measured, true: float) -> None:
    if found.interval is not None:
        held[name].append(found.interval.low <= true <= found.interval.high)


def _by_group(true: Floats, inside: Floats) -> Floats:
    edges = np.quantile(true, np.linspace(0, 1, GROUPS + 1))
    return np.array([inside[bin_of(true, edges) == group].mean() for group in range(GROUPS)])


def _loss(true: Floats, prob: Floats, kind: str) -> float:
    """The expected log loss."""
    prob = np.clip(prob, 1e-7, 1 - 1e-7)
    if kind == "classes":
        return float(-(true * np.log(prob)).sum(axis=1).mean())
    return _entropy(true, prob)


def _entropy(true: Floats, prob: Floats) -> float:
    return float(-(true * np.log(prob) + (1 - true) * np.log1p(-prob)).mean())


def of_separation(patients: int, share: float, draws: int) -> Held:
    """Platt's scaling by how well the true probabilities separate: of this model, and a right one.

    Whether intervals hold the truth, on average over images, and the change of the expected log
    loss.
    """
    held: Held = defaultdict(list)
    for draw in range(draws):
        for spread in SPREADS:
            rng = np.random.default_rng([draw, 4])
            val, new = (finding(n, share, BIAS, rng, spread) for n in (patients, 400))
            for name, of, others in (
                (f"too sure, spread {spread}", val.prob, new.prob),
                (f"right, spread {spread}", val.true, new.true),
            ):
                fitted = fit(val.y, of, val.patient, "platt", False, ["x"])
                if isinstance(fitted, str) or (ends := fitted.interval(others)) is None:
                    continue
                held[f"platt, {name}"].append(
                    ((ends[0] <= new.true) & (new.true <= ends[1])).mean()
                )
                after = expected_loss(fitted.apply(others), new.true)
                held[f"platt, {name}: log loss"].append(after - expected_loss(others, new.true))
    return held


def expected_loss(prob: Floats, true: Floats) -> float:
    """The mean of -log p that labels drawn by the `true` probabilities would give."""
    p = np.clip(prob, 1e-7, 1 - 1e-7)
    return float(-(true * np.log(p) + (1 - true) * np.log(1 - p)).mean())


def main() -> None:
    """A table of means over draws for each setting."""
    draws = int(sys.argv[1]) if sys.argv[1:] else 300
    for patients, share in SETTINGS:
        print(f"\n{patients} patients, {share:.0%} positives")
        for simulate in (of_calibration, of_errors, of_calls, of_sets, of_separation):
            for name, values in simulate(patients, share, draws).items():
                print(f"  {name:44} {np.mean(values):.3f}  ({len(values)})", flush=True)


if __name__ == "__main__":
    main()
