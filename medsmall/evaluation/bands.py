"""Curves of a mean over runs, with a 95% band: ROC, precision–recall, reliability.

A curve has a value at each place of a grid. The mean is taken place by place (of ROC curves:
vertical averaging, Fawcett, Pattern Recogn Lett 2006). A band holds place by place, not for the
whole curve at once; it has the two sources of chance of `comparison`, repeats and test patients,
with the covariances over patients from a bootstrap that draws patients, all of their images at
once. Of folds it has the scatter of folds alone, as `comparison.over_folds`.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import stdtrit

from medsmall.evaluation.influence import Codes, Floats
from medsmall.evaluation.intervals import LEVEL

GRID: Floats = np.linspace(0, 1, 101)
RESAMPLED = 100  # draws of patients: a half width is known to about 7%
FEWEST = 3  # repeats or folds; of a single repeat the band is that of its patients
THRESHOLDS = 1000  # of a curve: more are thinned


class Band(NamedTuple):
    """`mean`, `low` and `high` (G,) at each place; NaN where a curve has no value.

    `low` and `high` are NaN of fewer than FEWEST repeats or folds, whose scatter says little.
    """

    mean: Floats
    low: Floats
    high: Floats


class Curve(Protocol):
    """A function of labels `y` (N,) of 1 and 0, probabilities (N,), and `weights` (B, N)."""

    def __call__(self, y: Floats, prob: Floats, weights: Floats) -> Floats:
        """The values (B, G) with each row of weights."""


def roc(y: Floats, prob: Floats, weights: Floats) -> Floats:
    """The sensitivity at each rate of false positives of GRID, linear in between."""
    hits, false = _called(y, prob, weights)
    hits, false = (of / np.maximum(of[:, -1:], 1e-12) for of in (hits, false))
    return np.array([np.interp(GRID, x, h) for x, h in zip(false, hits, strict=True)])


def precision_recall(y: Floats, prob: Floats, weights: Floats) -> Floats:
    """The precision at the highest threshold that reaches each recall of GRID.

    A step, not a line: lines between points promise too much (Davis and Goadrich, ICML 2006).
    """
    hits, false = _called(y, prob, weights)
    recall = hits / np.maximum(hits[:, -1:], 1e-12)
    precision = hits / np.maximum(hits + false, 1e-12)
    first = [np.searchsorted(of[1:], GRID - 1e-9) + 1 for of in recall]
    return np.array([p[np.minimum(f, len(p) - 1)] for p, f in zip(precision, first, strict=True)])


def reliability(edges: Floats) -> Curve:
    """The share of positives among the images of each bin of probabilities between `edges`."""

    def curve(y: Floats, prob: Floats, weights: Floats) -> Floats:
        inside = np.eye(len(edges) - 1)[bin_of(prob, edges)]
        with np.errstate(invalid="ignore"):
            return np.asarray((weights * y) @ inside / (weights @ inside))

    return curve


def bin_of(prob: Floats, edges: Floats) -> Codes:
    """The bin of each probability; those beyond the ends belong to the last ones."""
    return np.clip(np.searchsorted(edges, prob, side="right") - 1, 0, len(edges) - 2)


def _called(y: Floats, prob: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weights of positives and of negatives at or above each threshold, from none to all."""
    order = np.argsort(-prob, kind="stable")
    ends = np.flatnonzero(np.diff(prob[order], append=-np.inf))  # equal ones are called together
    if len(ends) > THRESHOLDS:
        ends = ends[np.linspace(0, len(ends) - 1, THRESHOLDS).astype(int)]
    start = np.zeros((len(weights), 1))
    w, positive = weights[:, order], y[order]
    hits, false = (np.cumsum(w * one, axis=1)[:, ends] for one in (positive, 1 - positive))
    return np.hstack([start, hits]), np.hstack([start, false])


class Tested(NamedTuple):
    """The test of one run: `y`, `prob` and the code of the patient (N,) of `patients` many.

    `identity` is the same for tests of the same patients.
    """

    y: Floats
    prob: Floats
    patient: Codes
    patients: int
    identity: str = ""


def over_repeats(curve: Curve, repeats: Sequence[Sequence[Tested]], seed: int = 0) -> Band:
    """The band of repeats with the same test patients, each with one run or several to average.

    One repeat has the band of its patients alone.
    """
    each = [_of_runs(curve, runs, seed) for runs in repeats]
    values = np.stack([value for value, _ in each])
    moved = np.stack([resampled - resampled.mean(axis=0) for _, resampled in each])
    many = len(repeats)
    own = (moved**2).mean(axis=1).sum(axis=0)
    together = (moved.sum(axis=0) ** 2).mean(axis=0)
    patients = _quantile(repeats[0][0].patients - 1)
    if many == 1:
        return _band(values[0], patients**2 * own)
    if many < FEWEST:
        return _band(values.mean(axis=0), np.full_like(values[0], np.nan))
    shared = np.maximum((together - own) / (many * (many - 1)), 0.0)
    drawn = values.var(axis=0, ddof=1) / many
    return _band(values.mean(axis=0), _quantile(many - 1) ** 2 * drawn + patients**2 * shared)


def over_folds(curve: Curve, folds: Sequence[Sequence[Tested]]) -> Band:
    """The band of the mean over folds, each with one run or several to average."""
    ones = [[curve(t.y, t.prob, np.ones((1, len(t.y))))[0] for t in fold] for fold in folds]
    values, k = np.stack([np.mean(of, axis=0) for of in ones]), len(folds)
    if k < FEWEST:
        return _band(values.mean(axis=0), np.full_like(values[0], np.nan))
    drawn = values.var(axis=0, ddof=1) * (1 / k + 1 / (k - 1))
    return _band(values.mean(axis=0), _quantile(k - 1) ** 2 * drawn)


def _of_runs(curve: Curve, runs: Sequence[Tested], seed: int) -> tuple[Floats, Floats]:
    """The mean of `_of_run` over runs with the same patients."""
    each = [_of_run(curve, run, seed) for run in runs]
    return np.mean([value for value, _ in each], axis=0), np.mean([of for _, of in each], axis=0)


def _of_run(curve: Curve, test: Tested, seed: int) -> tuple[Floats, Floats]:
    """The curve (G,), and that of resampled patients (B, G): the same ones for each run."""
    draws = np.random.default_rng(seed).multinomial(
        test.patients, np.full(test.patients, 1 / test.patients), size=RESAMPLED
    )
    weights = np.vstack([np.ones(test.patients), draws])[:, test.patient]
    values = curve(test.y, test.prob, weights)
    return values[0], np.where(np.isnan(values[1:]), values[0], values[1:])


def _band(mean: Floats, squared: Floats) -> Band:
    """`squared` is of half the width."""
    half = np.sqrt(squared)
    return Band(mean, np.clip(mean - half, 0, 1), np.clip(mean + half, 0, 1))


def _quantile(freedom: int) -> float:
    return float(stdtrit(max(freedom, 1), (1 + LEVEL) / 2))
