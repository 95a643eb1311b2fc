"""Probabilities for a population whose classes have other shares than those of the fit.

A balanced draw, class weights or oversampling show a network more positives than there are, and
its probabilities are too high by as much. If images of a class look alike in both, the odds differ
by the odds of the shares: Saerens et al., Adjusting the outputs of a classifier to new a priori
probabilities, Neural Computation 2002; Elkan, IJCAI 2001.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ALIKE = 0.1  # log odds: a share of .50 or .52, of .010 or .011


@dataclass(frozen=True, eq=False)
class Shares:
    """Of the positives of K findings, or of K exclusive classes.

    Attributes:
        fit: (K,) as training has them, with its weights and repetitions: what it answers before it
            sees the image; NaN if unknown.
        population: (K,) of those whom the probabilities are for.
    """

    fit: Array
    population: Array

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether both are between 0 and 1 (K,)."""
        return (self.fit > 0) & (self.fit < 1) & (self.population > 0) & (self.population < 1)

    @property
    def differ(self) -> bool:
        """Whether one differs by more than ALIKE, in log odds, where both are known."""
        odds = [np.log(s[self.known] / (1 - s[self.known])) for s in (self.fit, self.population)]
        return bool((np.abs(odds[0] - odds[1]) > ALIKE).any())


def for_findings(prob: Array, shares: Shares) -> Array:
    """Probabilities (N, K) of findings in the population; as they are where a share is unknown."""
    fit, population = shares.fit, shares.population
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(shares.known, population / fit * (1 - fit) / (1 - population), 1.0)
    found: Array = prob * ratio / (prob * ratio + (1 - prob))
    return found


def for_classes(prob: Array, shares: Shares) -> Array:
    """The same of exclusive classes; one that the fit never saw keeps what it has."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(shares.fit > 0, shares.population / shares.fit, 1.0)
    weighed = prob * ratio
    total = weighed.sum(1, keepdims=True)
    return np.where(total > 0, weighed / np.where(total > 0, total, 1.0), prob)
