"""The history of a run, written while it trains."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
from torch.optim import Optimizer

from medsmall import logger
from medsmall.atomic import write_whole


class History(pl.Callback):
    """Writes `path` after every epoch, one row per epoch so far, and sends the row to `loggers`.

    Columns: epoch (from 1), train_loss, val_loss, val_auroc (regression: val_mae), and lr_<k>: in
    the last step of the epoch, the rate of the strategy's k-th group of parameters, input first.
    """

    def __init__(self, path: Path, loggers: list[logger.Logger] | None = None) -> None:
        self.path, self.loggers = path, [] if loggers is None else loggers
        self.rows: list[dict[str, Any]] = []
        self.rates: list[float] = []

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Note the rates: after the step, the schedule will have set those of the next."""
        self.rates = [group["lr"] for group in optimizer.param_groups]

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Add the epoch; only the first process writes."""
        row: dict[str, Any] = {"epoch": trainer.current_epoch + 1}
        for name, value in trainer.callback_metrics.items():
            if name == "train_loss" or name.startswith("val_"):
                row[name] = float(value)
        row |= {f"lr_{k}": rate for k, rate in enumerate(self.rates)}
        self.rows.append(row)
        if trainer.is_global_zero:
            table = pd.DataFrame(self.rows)
            write_whole(self.path, lambda path: table.to_csv(path, index=False))
            logger.replay(self.loggers, table.iloc[-1:])
