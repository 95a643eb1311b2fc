"""How the learning rate moves: one file per schedule."""

from typing import Any, Protocol

from torch.optim import Optimizer


class Schedule(Protocol):
    """Made from conf/schedule/<name>.yaml."""

    def configure(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        """The scheduler in the form that Lightning's ``lr_scheduler`` has.

        ``{"scheduler": ..., "interval": "step"}``, or "epoch" with a "monitor" such as val_loss.
        The optimizer comes with a parameter group for each group of the strategy, each with its
        own largest rate; `steps` are those of the run, or of the stage that the schedule is for.
        """
