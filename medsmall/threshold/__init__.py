"""The threshold of a finding, chosen on validation: one file per aim.

Of a probability at or above it, the finding is called present. With fewer than 10 positives or
negatives in validation none is chosen: the share of positives in the fit is taken, see
`medsmall.evaluation.threshold`. Exclusive classes have none: the most probable class is called.
"""

from typing import Protocol

import numpy as np


class Threshold(Protocol):
    """Made from conf/threshold/<name>.yaml.

    Attributes:
        aim: what it is chosen for, as part of a sentence: "a sensitivity of at least 0.9".
    """

    @property
    def aim(self) -> str:
        """See above."""

    def choose(self, y: np.ndarray, prob: np.ndarray, prevalence: float) -> float | None:
        """The threshold, 0 to 1, by labels `y` (N,), NaN unknown, and probabilities of validation.

        `prevalence` is that of the population whose errors count: validation may be balanced. None:
        the share of positives in the fit.
        """
