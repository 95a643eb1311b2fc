"""How many neighbours answer, chosen by cross-validation among the train images."""

import numpy as np

from medsmall.learner.heads.examples import Array, Examples
from medsmall.learner.heads.folds import patient_folds, too_few
from medsmall.learner.heads.neighbours import nearest, running_means
from medsmall.learner.heads.penalty import preferred
from medsmall.terminal import say

COUNTS = (5, 10, 3, 20, 2, 40, 1)  # the usual first, then those next to it


def prior_of(of: Examples) -> Array:
    """(K,) what is predicted without neighbours: shares, none 0 or 1, or the mean of numbers."""
    if of.classes is None:
        return of.labels.mean(0) if len(of.labels) else np.zeros(1)
    told = max(2, of.labels.shape[1])  # classes; a finding has two
    shares: Array = (of.labels.sum(0) + 1 / told) / (len(of.labels) + 1)
    return shares


def chosen_count(of: Examples) -> tuple[int, int]:
    """How many neighbours serve held-out patients best, and the folds it was chosen by.

    By the mean log loss, of numbers the squared error; see
    `medsmall.learner.heads.penalty.preferred`.
    """
    folds = patient_folds(of.patients, of.classes)
    if not folds:
        say(too_few(of.name, f"learner.neighbours={COUNTS[0]}"))
        return COUNTS[0], 0
    least = min(len(train) for train, _ in folds)
    counts = [count for count in COUNTS if count <= least]
    losses = []
    for train, out in folds:
        some = of.at(train)
        order, prior = nearest(of.plain[out], some.features), prior_of(some)
        pseudo = 0.0 if of.classes is None else 1.0
        means = [
            running_means(order, y, share, pseudo)[:, counts]
            for y, share in zip(some.labels.T, prior, strict=True)
        ]
        losses.append(_losses(np.stack(means, 2), of.labels[out], of.classes is None))
    patients = np.concatenate([of.patients[out] for _, out in folds])
    best = preferred(np.concatenate(losses).T, patients, range(len(counts)))
    return counts[best], len(folds)


def _losses(predicted: Array, labels: Array, numbers: bool) -> Array:
    """(M, C) of predictions (M, C, K) by C counts, for labels (M, K)."""
    y = labels[:, None]
    if numbers:
        each: Array = ((predicted - y) ** 2)[:, :, 0]
    elif labels.shape[1] == 1:
        each = -np.log(np.where(y == 1, predicted, 1 - predicted))[:, :, 0]
    else:
        each = -(y * np.log(predicted)).sum(2)
    return each
