"""The least expected cost of errors."""

from dataclasses import dataclass

import numpy as np

from medsmall.errors import MedsmallError
from medsmall.evaluation.threshold import best, counted


@dataclass(frozen=True)
class Cost:
    """The least cost per patient, by the prevalence of the population.

    With true probabilities it would be false_alarm / (miss + false_alarm); this one is found on
    validation and needs no calibrated ones. Source: Elkan, The foundations of cost-sensitive
    learning, IJCAI 2001.

    Args:
        miss: cost of a positive that is called negative.
        false_alarm: cost of a negative that is called positive.
    """

    miss: float
    false_alarm: float

    def __post_init__(self) -> None:
        for name, cost in (("miss", self.miss), ("false_alarm", self.false_alarm)):
            if cost <= 0:
                raise MedsmallError(f"threshold.{name} must be above 0, but is {cost:g}.")

    @property
    def aim(self) -> str:
        """What it is chosen for."""
        return f"the least cost (a miss {self.miss:g}, a false alarm {self.false_alarm:g})"

    def choose(self, y: np.ndarray, prob: np.ndarray, prevalence: float) -> float | None:
        """See `medsmall.threshold.Threshold`."""
        of = counted(y, prob)
        if of is None:
            return None
        misses = prevalence * (1 - of.sensitivity)
        alarms = (1 - prevalence) * (1 - of.specificity)
        return best(of, -(self.miss * misses + self.false_alarm * alarms))
