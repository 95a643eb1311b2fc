"""Sets of classes that hold the true one with a stated probability; needs NumPy alone.

Split conformal prediction: the nonconformity of an image is 1 - p of its true class, and a set
holds every class whose 1 - p is at most a quantile of those of other patients (Sadinle et al., JASA
2019). Then the class of an image of a new patient is in its set in 1 - alpha of cases at least,
whatever the model, if patients are exchangeable. That does not hold for each class or subgroup by
itself, nor for another population.

A finding has the classes absent and present: ``np.stack([1 - p, p], axis=1)``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsmall.evaluation.one_each import one_of_each

Array = NDArray[np.float64]
Codes = NDArray[np.integer[Any]]


def scores(y: Array, prob: Array, patient: Codes, seed: int = 0) -> Array:
    """The nonconformity (G,), one of each patient with a known label.

    `prob` (N, K) of classes, or (N,) of a finding; `y` likewise, NaN = unknown.
    """
    y, prob = classes_of(y, prob)
    known = ~np.isnan(y).any(axis=1)
    y, prob, patient = y[known], prob[known], patient[known]
    rows = one_of_each(patient, seed) if len(y) else np.empty(0, dtype=np.int64)
    return np.asarray(1 - prob[rows, y[rows].argmax(axis=1)])


def classes_of(y: Array, prob: Array) -> tuple[Array, Array]:
    """Both as (N, K) of exclusive classes; of a finding (N,) absent and present."""
    y, prob = np.asarray(y, dtype=np.float64), np.asarray(prob, dtype=np.float64)
    if prob.ndim == 1:
        return np.stack([1 - y, y], axis=1), np.stack([1 - prob, prob], axis=1)
    return y, prob


def quantile(nonconformity: Array, alpha: float) -> float | str:
    """The ceil((n + 1)(1 - alpha))-th smallest of n `scores`; a reason if there are too few.

    With fewer than ceil(1 / alpha) - 1 only the set of all classes keeps the promise.
    """
    if not 0 < alpha < 1:
        raise ValueError("alpha must lie between 0 and 1")
    n, least = len(nonconformity), int(np.ceil(1 / alpha - 1e-9)) - 1
    if n < least:
        return f"there are {n} patients, sets that miss {alpha:.3g} need {least}"
    return float(np.sort(nonconformity)[rank(n, alpha) - 1])


def quantiles(y: Array, prob: Array, patient: Codes, alpha: float) -> Array | str:
    """A `quantile` for each class, of its own patients: (K,); a reason if one has too few.

    Then sets hold the true class in 1 - alpha of the images of each class, not only of all: of a
    rare finding, sets by one quantile could miss nearly every case (Vovk, ACML 2012).
    """
    y, prob = classes_of(y, prob)
    found = []
    for k in range(y.shape[1]):
        rows = y[:, k] == 1
        q = quantile(scores(y[rows], prob[rows], patient[rows]), alpha)
        if isinstance(q, str):
            return f"of class {k}: {q}" if y.shape[1] > 2 else f"{('without', 'with')[k]} it {q}"
        found.append(q)
    return np.array(found)


def rank(n: int, alpha: float) -> int:
    """Which of `n` scores in rising order is the quantile, from 1."""
    return int(np.ceil((n + 1) * (1 - alpha) - 1e-9))


def sets(prob: Array, q: float | Array) -> NDArray[np.bool_]:
    """Which classes are in the set of each image: (N, K) of probabilities (N, K) and a `quantile`.

    `q` may have one for each class (K,).

    The most probable class always is, so that no set is empty; that never lowers the coverage.
    """
    found = np.asarray(1 - prob <= q)
    found[np.arange(len(prob)), np.argmax(prob, axis=1)] = True
    return found
