"""The best specificity at a given sensitivity, or the other way round."""

from dataclasses import dataclass

import numpy as np

from medsmall.errors import MedsmallError
from medsmall.evaluation.threshold import best, counted


def _check(at_least: float) -> None:
    if not 0 < at_least <= 1:
        raise MedsmallError(
            f"threshold.at_least must lie above 0 and up to 1, such as 0.9, but is {at_least:g}."
        )


@dataclass(frozen=True)
class Sensitivity:
    """The highest threshold with a sensitivity of `at_least` on validation: for screening.

    On other patients it is uncertain, the more so with few positives: of 9 found among 10, the 95%
    interval is .60 to .98 (Wilson).
    """

    at_least: float

    def __post_init__(self) -> None:
        _check(self.at_least)

    @property
    def aim(self) -> str:
        """What it is chosen for."""
        return f"a sensitivity of at least {self.at_least:g}"

    def choose(self, y: np.ndarray, prob: np.ndarray, prevalence: float) -> float | None:
        """See `medsmall.threshold.Threshold`."""
        of = counted(y, prob)
        if of is None:
            return None
        enough = of.sensitivity >= self.at_least - 1e-12  # 0.9 * 10 is 9
        return best(of, np.where(enough, of.specificity, -1.0), of.sensitivity)


@dataclass(frozen=True)
class Specificity:
    """The lowest threshold with a specificity of `at_least` on validation: to confirm a finding."""

    at_least: float

    def __post_init__(self) -> None:
        _check(self.at_least)

    @property
    def aim(self) -> str:
        """What it is chosen for."""
        return f"a specificity of at least {self.at_least:g}"

    def choose(self, y: np.ndarray, prob: np.ndarray, prevalence: float) -> float | None:
        """See `medsmall.threshold.Threshold`."""
        of = counted(y, prob)
        if of is None:
            return None
        enough = of.specificity >= self.at_least - 1e-12
        return best(of, np.where(enough, of.sensitivity, -1.0), of.specificity)
