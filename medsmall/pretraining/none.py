"""No pretraining."""

from collections.abc import Callable
from typing import Any

from medsmall.pretraining.weights import Weights


class NoPretraining:
    """Random initial weights.

    Inputs are normalised as for the network's own weights: the paper's code did not normalise
    this arm alone, which handicapped it.
    """

    def __init__(self, random: bool = True) -> None:
        self.random = random

    def weights(self, cfg: Any, train: Callable[..., Any]) -> Weights:
        """Nothing to load."""
        return Weights("random weights", "none")
