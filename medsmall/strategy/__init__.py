"""Which parameters train, when, at which learning rate: one file per strategy.

A strategy turns the layers of a network into stages. A `Stage` holds from its part of all training
steps until the next one begins: it names the parameters that train, each group at its rate, and
how normalisation layers behave. What no stage names keeps its values, and its layers the running
statistics of their BatchNorm.
"""

from typing import Protocol

from medsmall.backbone.network import Network
from medsmall.strategy.stage import Stage

__all__ = ["Stage", "Strategy"]


class Strategy(Protocol):
    """Made from conf/strategy/<name>.yaml.

    Attributes:
        weight_decay: AdamW's, 0 or more.
        restarts: whether the schedule begins anew with each stage, over its steps; else it runs
            once over all steps, and a parameter has one rate in all stages.
    """

    weight_decay: float
    restarts: bool

    def stages(self, network: Network) -> list[Stage]:
        """The stages in order, the first at 0; see `medsmall.backbone.network.Network`."""
