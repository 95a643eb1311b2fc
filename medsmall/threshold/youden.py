"""The largest sum of sensitivity and specificity."""

from typing import ClassVar

import numpy as np

from medsmall.evaluation.threshold import choose_threshold


class Youden:
    """Youden's index: a missed positive and a false alarm count alike, each by its class.

    Source: Youden, Index for rating diagnostic tests, Cancer 1950.
    """

    aim: ClassVar[str] = "the largest sensitivity + specificity"

    def choose(self, y: np.ndarray, prob: np.ndarray, prevalence: float) -> float | None:
        """See `medsmall.threshold.Threshold`."""
        return choose_threshold(y, prob)
