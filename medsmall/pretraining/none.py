"""No pretraining."""

from collections.abc import Callable

from omegaconf import DictConfig

from medsmall.backbone.weights import Weights
from medsmall.case import Case, Source


class NoPretraining:
    """Random initial weights.

    Inputs are normalised as for the network's own weights. The paper's code normalised all arms
    except this one, which handicapped it.
    """

    def __init__(self, random: bool = True) -> None:
        self.random = random

    def reach(self, cfg: DictConfig) -> None:
        """Nothing is fetched."""

    def source(self, cfg: DictConfig, resolve: Callable[[DictConfig], Case]) -> Source:
        """Nothing to load."""
        name = "random weights"
        return Source(name, "none", open=lambda: Weights(name))
