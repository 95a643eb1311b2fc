"""What members say together: calls, calibrated probabilities and sets, from their outputs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medsmall.answer.facts import Facts
from medsmall.evaluation.conformal import sets

Array = NDArray[np.float64]


def limits_of(members: Sequence[Facts]) -> dict[str, float | None]:
    """The threshold of each finding: the mean over members; None where one has none."""
    found: dict[str, float | None] = {}
    for name in members[0].thresholds:
        each = [one.thresholds.get(name) for one in members]
        known = [one for one in each if one is not None]
        found[name] = float(np.mean(known)) if len(known) == len(each) else None
    return found


def calls_of(members: Sequence[Facts], outputs: Array) -> Array | None:
    """What is called by outputs (M, N, K): 1, 0, or NaN without a threshold (N, K).

    The mean of the outputs, at the mean of the thresholds; of classes the most probable one. None
    of numbers.
    """
    prob, task = outputs.mean(0), members[0].task
    if task == "regression":
        return None
    if task == "multiclass":
        return np.eye(prob.shape[1])[prob.argmax(axis=1)]
    limits = limits_of(members)
    at = np.array([limits.get(name) for name in members[0].targets], dtype=float)
    return np.where(np.isnan(at), np.nan, (prob >= at).astype(float))


def calibrated_of(members: Sequence[Facts], outputs: Array) -> Array | None:
    """Calibrated probabilities and the ends of their intervals (3, N, K), of outputs (M, N, K).

    Each member's own, and of several their mean, which has no interval. NaN where a finding could
    not be calibrated; None without any calibration.
    """
    found = []
    for facts, prob in zip(members, outputs, strict=True):
        if facts.calibration is None:
            return None
        has_map = facts.calibration.fitted | facts.calibration.exclusive
        known = np.where(has_map, 1.0, np.nan)
        ends = facts.calibration.interval(prob) if len(members) == 1 else None
        low, high = (np.full(prob.shape, np.nan),) * 2 if ends is None else ends
        found.append(np.stack([facts.calibration.apply(prob), low, high]) * known)
    mean: Array = np.mean(found, axis=0)
    return mean


def sets_of(facts: Facts, prob: Array) -> tuple[tuple[str, ...], ...] | None:
    """The sets for probabilities (K,): one of classes, or one for each finding."""
    if facts.alpha is None:
        return None
    if facts.task == "multiclass":
        (inside,) = sets(prob[None], np.array(facts.limits[0]))
        return (tuple(name for name, is_in in zip(facts.targets, inside, strict=True) if is_in),)
    found = []
    for p, limits, name in zip(prob, facts.limits, facts.targets, strict=True):
        words = (facts.negatives.get(name, f"no {name}"), name)
        (inside,) = sets(np.array([[1 - p, p]]), np.array(limits))
        found.append(tuple(word for word, is_in in zip(words, inside, strict=True) if is_in))
    return tuple(found)
