"""The share of positives in the fit."""

from typing import ClassVar

import numpy as np


class Prevalence:
    """A probability above what the fit says without an image: nothing is chosen on validation."""

    aim: ClassVar[str] = "the share of positives in training"

    def choose(self, y: np.ndarray, prob: np.ndarray, prevalence: float) -> float | None:
        """None: the share of positives in the fit."""
