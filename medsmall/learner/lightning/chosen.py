"""The epoch whose weights a training ends with."""

import pandas as pd
import pytorch_lightning as pl
from torch import Tensor


class ChosenEpoch(pl.Callback):
    """Ends a training with the weights of the epoch that `select_by` chooses on validation.

    They are kept in memory: writing each better epoch to disk takes longer than its validation.
    Where the training runs in other processes, Lightning brings the last weights back from there,
    which are these.

    Args:
        select_by: a metric of validation, "last", or the number of an epoch, from 1.
        rises: whether larger values of it are better.
    """

    def __init__(self, select_by: str, rises: bool) -> None:
        self.select_by, self.rises = select_by, rises
        self.best = float("-inf")
        self.weights: dict[str, Tensor] = {}

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Keep the weights if the epoch is the first or better than all before."""
        if self.select_by == "last":
            return
        if self.select_by.isdecimal():
            if int(self.select_by) == trainer.current_epoch + 1:
                self.weights = _copied(module)
            return
        value = float(trainer.callback_metrics[self.select_by])
        score = value if self.rises else -value
        if score > self.best or not self.weights:  # false for NaN
            self.best = max(self.best, score)
            self.weights = _copied(module)

    def on_train_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Put them back."""
        if self.weights:
            module.load_state_dict(self.weights)
            self.weights = {}


def _copied(module: pl.LightningModule) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def chosen_epoch(history: pd.DataFrame, select_by: str, rises: bool) -> int:
    """The epoch, from 1, whose weights are kept: the first with the best value, or the last."""
    if select_by == "last":
        return int(history["epoch"].iloc[-1])
    if select_by.isdecimal():
        return int(select_by)
    values = history[select_by]
    best = values.argmax() if rises else values.argmin()
    return int(history["epoch"].iloc[best])
