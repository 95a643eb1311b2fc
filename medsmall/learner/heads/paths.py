"""Linear heads for a row of penalties, each begun where the one before ended."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from medsmall.learner.heads.linear import ABSENT, MOST_STEPS, Linear, alike, scaled, unscaled

Array = NDArray[np.float64]
Solve = Callable[[Array, Array, float], Linear]
Path = Callable[[Array, Array, Sequence[float]], Iterator[Linear]]
FLAT = 1e-4  # the largest slope of the mean loss where the solver ends, that of scikit-learn


def each(solve: Solve) -> Path:
    """The path of a solver that gains nothing by a beginning."""
    return lambda features, labels, penalties: (solve(features, labels, c) for c in penalties)


def logistic_path(
    features: Array, labels: Array, inverse_penalties: Sequence[float]
) -> Iterator[Linear]:
    """`logistic` of one finding, labels (N, 1), or `multinomial` of exclusive classes, (N, K).

    All labels are known. In few dimensions most of scikit-learn's time goes into what surrounds the
    solver: this is the same solver (L-BFGS) alone.
    """
    from scipy.optimize import minimize

    if always := alike(labels, features.shape[1]):
        yield from (always for _ in inverse_penalties)
        return
    there = np.flatnonzero(labels.any(0))
    if len(there) == 2:  # as in scikit-learn: one row, of the second class
        there = there[1:]
    x, mean, scale = scaled(features)
    x, y = np.c_[x, np.ones(len(x))], labels[:, there]
    state = np.zeros(y.shape[1] * x.shape[1])
    for c in inverse_penalties:
        state = minimize(
            _mean_loss, state, (x, y, c), method="L-BFGS-B", jac=True,
            options={"maxiter": MOST_STEPS, "gtol": FLAT, "ftol": 64 * np.finfo(float).eps},
        ).x  # fmt: skip
        found = state.reshape(y.shape[1], -1)
        weight = np.zeros((labels.shape[1], features.shape[1]))
        bias = np.where(labels.any(0), 0.0, ABSENT)
        weight[there], bias[there] = found[:, :-1], found[:, -1]
        yield unscaled(weight, bias, mean, scale)


def _mean_loss(state: Array, x: Array, y: Array, c: float) -> tuple[float, Array]:
    """The penalised log loss of weights and biases (K, F + 1), flat, and its gradient."""
    from scipy.special import expit, logsumexp

    own = state.reshape(y.shape[1], -1)
    z = x @ own.T
    if y.shape[1] == 1:
        losses, p = np.logaddexp(0, z) - y * z, expit(z)
    else:
        total = logsumexp(z, axis=1, keepdims=True)
        losses, p = total - (y * z).sum(1, keepdims=True), np.exp(z - total)
    weight = own.copy()
    weight[:, -1] = 0.0
    penalty = 1 / (c * len(x))
    loss = losses.sum() / len(x) + penalty / 2 * np.vdot(weight, weight)
    return float(loss), ((p - y).T @ x / len(x) + penalty * weight).ravel()
