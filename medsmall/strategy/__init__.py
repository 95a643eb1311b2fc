"""Strategies set which parameters train, when, at which learning rate: one file per strategy.

A strategy turns the layers of a network into stages. A `Stage` begins at a fraction of all training
steps and lasts until the next stage: it names the parameters that train, each group at its rate,
and the mode of normalisation layers. Parameters that no stage names keep their values, and their
layers the running statistics of BatchNorm (those of the train images with norm=reestimated).
"""

from typing import Protocol

from medsmall.backbone.network import Network
from medsmall.strategy.stage import Stage

__all__ = ["Stage", "Strategy"]


class Strategy(Protocol):
    """Made from conf/strategy/<name>.yaml.

    Attributes:
        weight_decay: AdamW's, 0 or more.
        restarts: False: the schedule runs once over all steps, and a parameter that trains in
            several stages has the same rate in all. True: it begins anew with each stage, over the
            steps of that stage, and rates may differ.
    """

    weight_decay: float
    restarts: bool

    def stages(self, network: Network) -> list[Stage]:
        """The stages in order, the first at 0; see `medsmall.backbone.network.Network`.

        Called once for each network. It may add adapters (`medsmall.backbone.adapters`), which
        become part of the weights after the training.
        """
