"""The slope and the biases that turn the outputs of a model into logits, with their covariance.

The targets of the fit are not 0 and 1: an image of a class with n images counts as
(n + k) / (n + 2k) of it. So no slope is infinite where the classes are separable. Platt's k is 1
(Advances in Large Margin Classifiers, 1999); it makes the slope of a network that separates well
far too small (.4 instead of 1 at an AUROC of .998 with 50 images), so k is SMOOTHED. Slopes stay
above 0: the order of images never changes.

The covariance is the sandwich over patients (Liang and Zeger, Biometrika 1986), in no direction
less than that of independent images, since the sandwich of few patients is too small (Kauermann and
Carroll, JASA 2001) and that of separable classes nearly 0.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsmall.evaluation.calibration import Array
from medsmall.evaluation.influence import Codes

LEVEL = 0.95
LEAST = 1e-3  # the slope for logits of standard deviation 1
SMOOTHED = 0.1  # images of each class, and of its opposite, that are added


class Slopes(NamedTuple):
    """The slope, the biases (C,), the first 0, and the covariance of both (1 + C, 1 + C)."""

    slope: float
    biases: Array
    covariance: Array


def fitted(z: Array, labels: Array, patient: Codes, method: str) -> Slopes:
    """The softmax of slope * `z` (N, C) + bias with the least log loss, by `labels` (N, C)."""
    from scipy.optimize import minimize

    target, (n, c) = soft(labels), z.shape
    z = z - z.mean(axis=1, keepdims=True)  # the softmax is the same
    spread = float(z.std(axis=0).max()) or 1.0
    free = np.ones(1 + c, dtype=bool)
    free[1] = False
    free[1:] &= method == "platt"

    def softmax(state: Array) -> Array:
        full = np.zeros(1 + c)
        full[free] = state
        scores = full[0] / spread * z + full[1:]
        scores = scores - scores.max(axis=1, keepdims=True)
        return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))

    def loss(state: Array) -> tuple[float, Array]:
        logs = softmax(state)
        wrong = (np.exp(logs) - target) / n
        slopes = np.r_[(wrong * z).sum() / spread, wrong.sum(axis=0)]
        return -float((target * logs).sum() / n), slopes[free]

    bounds = [(LEAST, None)] + [(None, None)] * (int(free.sum()) - 1)
    start = np.r_[spread, np.zeros(len(bounds) - 1)]
    state = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, tol=1e-12).x
    prob = np.exp(softmax(state))
    full, covariance = np.zeros(1 + c), np.zeros((1 + c, 1 + c))
    full[free] = state / np.where(np.arange(len(state)) == 0, spread, 1.0)
    covariance[np.ix_(free, free)] = _covariance(z, prob, labels, patient, free)
    return Slopes(float(full[0]), full[1:], covariance)


def _covariance(
    z: Array, prob: Array, labels: Array, patient: Codes, free: NDArray[np.bool_]
) -> Array:
    """Of the `free` ones among slope and biases, at the `prob` (N, C) that they give."""
    c, people = z.shape[1], len(np.unique(patient))
    design = np.concatenate([z[:, :, None], np.broadcast_to(np.eye(c), (len(z), c, c))], axis=2)
    design = design[:, :, free]
    mean = np.einsum("nc,ncp->np", prob, design)
    information = np.einsum("nc,ncp,ncq->pq", prob, design, design) - mean.T @ mean
    score = np.einsum("nc,ncp->np", labels - prob, design)
    sums = np.zeros((people, score.shape[1]))
    np.add.at(sums, np.unique(patient, return_inverse=True)[1], score)
    values, axes = np.linalg.eigh(information)
    root = axes / np.sqrt(np.maximum(values, values.max() * 1e-12))  # its square: the inverse
    meat = root.T @ sums.T @ sums @ root * (people / (people - 1))
    stretch, turns = np.linalg.eigh(meat)
    root = root @ turns
    return np.asarray((root * np.maximum(stretch, 1.0)) @ root.T)


def patients_of(labels: Array, patient: Codes) -> NDArray[np.int64]:
    """How many patients have an image of each class (C,)."""
    return np.array([len(np.unique(patient[one == 1])) for one in labels.T], dtype=np.int64)


def soft(labels: Array) -> Array:
    """Shares (N, C) for labels (N, C) with a single 1; every class occurs."""
    counts = labels.sum(axis=0)
    own = (counts + SMOOTHED) / (counts + 2 * SMOOTHED)
    others = (1 - own) / (len(counts) - 1)
    return np.asarray(labels @ np.diag(own - others) + (labels @ others)[:, None])
