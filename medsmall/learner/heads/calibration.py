"""Probabilities for heads whose outputs are none.

A slope, and a bias for each class, are fitted to the outputs for train images that the head did not
see: of one finding Platt's scaling (Advances in Large Margin Classifiers, 1999), of several classes
temperature scaling with biases (Alexandari et al., ICML 2020). As in Platt's, the targets are
not 0 and 1: an image of a class with n images counts as (n + 1) / (n + 2) of it.
"""

import numpy as np
from numpy.typing import NDArray

from medsmall.learner.heads.examples import Examples
from medsmall.learner.heads.linear import ABSENT, Linear, alike
from medsmall.learner.heads.penalty import Solver, chosen, log_loss, solved

Array = NDArray[np.float64]
LEAST = 1e-3  # the slope for outputs of standard deviation 1: images keep their order


def solve_calibrated(
    of: Examples, solver: Solver, given: float | None
) -> tuple[Linear, dict[str, float]]:
    """The head with the `given` penalty, or one that is chosen, and the facts of the choice.

    Its outputs are logits; those for patients held out, by which the penalty is chosen, give them.
    """
    if always := alike(of.labels, of.plain.shape[1]):
        return always, {"inverse_penalty": given or solver.usual, "folds": 0}
    choice = chosen(of, solver, given)
    head = solved(of, solver, choice.inverse_penalty)
    facts = {"inverse_penalty": choice.inverse_penalty, "folds": choice.folds}
    return calibrated(head, choice.held_out, of.labels, head.outputs(of.plain)), facts


def calibrated(head: Linear, held_out: Array, labels: Array, seen: Array) -> Linear:
    """The `head` with logits as outputs.

    Args:
        head: of K columns; 1 for a finding.
        held_out: (N, K) outputs for train images from heads that did not see them; NaN: none.
        labels: (N, K), none unknown.
        seen: (N, K) outputs of the head for them. Only their spread is used, where no image was
            held out: the probabilities are then near the shares of the classes.
    """
    known = ~np.isnan(held_out).any(1)
    slope, bias = scaling(held_out[known], labels[known], labels, seen)
    there = labels.any(0) | (labels.shape[1] == 1)
    weight = np.where(there[:, None], slope * head.weight, 0.0)
    return Linear(weight, np.where(there, slope * head.bias + bias, ABSENT))


def calibrated_loss(outputs: Array, labels: Array) -> Array:
    """The log loss (N,) of outputs (N, K) after they are calibrated, by labels (N, K)."""
    slope, bias = scaling(outputs, labels, labels, outputs)
    return log_loss(slope * outputs + bias, labels)


def scaling(outputs: Array, labels: Array, all_labels: Array, seen: Array) -> tuple[float, Array]:
    """The slope and the biases (K,) that turn `outputs` (N, K) into logits, by `labels` (N, K).

    The biases begin at the shares of `all_labels`. Without `outputs` they stay there, and the slope
    is the least one for the spread of `seen` outputs.
    """
    from scipy.optimize import minimize

    shares = _two_shares(all_labels).sum(0)
    there = np.flatnonzero(shares)
    reference = outputs if len(outputs) else seen
    mean, spread = reference.mean(0), float(np.sqrt(reference.var(0).mean())) or 1.0
    start = np.r_[LEAST, np.log(shares[there])]
    if len(outputs):
        z = _two_logits((outputs - mean) / spread)[:, there]
        y = _soft(_two_shares(labels)[:, there], shares[there])
        bounds = [(LEAST, None)] + [(None, None)] * len(there)
        start = minimize(
            _loss, np.r_[1.0, start[1:]], (z, y), jac=True, method="L-BFGS-B", bounds=bounds
        ).x
    biases = np.full(len(shares), ABSENT)
    biases[there] = start[1:]
    slope = start[0] / spread
    of_columns = biases if labels.shape[1] > 1 else biases[1:] - biases[:1]
    return float(slope), of_columns - slope * mean


def _loss(state: Array, z: Array, y: Array) -> tuple[float, Array]:
    """The mean log loss of a slope and biases (1 + C,), and its gradient."""
    from scipy.special import log_softmax

    logp = log_softmax(state[0] * z + state[1:], axis=1)
    wrong = (np.exp(logp) - y) / len(z)
    return -float((y * logp).sum() / len(z)), np.r_[(wrong * z).sum(), wrong.sum(0)]


def _soft(y: Array, counts: Array) -> Array:
    """Shares (N, C) for labels (N, C) with a single 1."""
    own = (counts + 1) / (counts + 2)
    others = (1 - own) / (len(counts) - 1)
    soft: Array = (y @ np.diag(own - others)) + (y @ others)[:, None]
    return soft


def _two_logits(z: Array) -> Array:
    """Logits of two classes for those of a finding: (N, 1) to (N, 2)."""
    return z if z.shape[1] > 1 else np.c_[np.zeros(len(z)), z]


def _two_shares(y: Array) -> Array:
    """The same for labels."""
    return y if y.shape[1] > 1 else np.c_[1 - y, y]
