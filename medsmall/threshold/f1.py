"""The largest F1."""

from typing import ClassVar

import numpy as np

from medsmall.evaluation.threshold import best, counted


class F1:
    """F1, the harmonic mean of precision and sensitivity, at the prevalence of the population.

    Source: van Rijsbergen, Information retrieval, 1979.
    """

    aim: ClassVar[str] = "the largest F1"

    def choose(self, y: np.ndarray, prob: np.ndarray, prevalence: float) -> float | None:
        """See `medsmall.threshold.Threshold`."""
        of = counted(y, prob)
        if of is None:
            return None
        found = prevalence * of.sensitivity
        called = found + (1 - prevalence) * (1 - of.specificity)
        return best(of, 2 * found / (called + prevalence))
