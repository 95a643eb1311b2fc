"""Lightning's trainer for one run, and its results."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.strategies.launchers import _SubprocessScriptLauncher
from torch import Tensor
from torch.multiprocessing import ProcessRaisedException

from medsmall.contract import build
from medsmall.errors import MedsmallError
from medsmall.learner.lightning.history import History
from medsmall.learner.lightning.progress import TrainingProgress


def callbacks(folder: Path, select_by: str, rises: bool) -> list[pl.Callback]:
    """History, progress, and the checkpoint of the epoch that `select_by` chooses on validation.

    `rises`: whether larger values of it are better.
    """
    checkpoint = ModelCheckpoint(
        dirpath=folder / "checkpoint",
        filename="chosen",
        monitor=None if select_by == "last" else select_by,
        mode="max" if rises else "min",
        save_weights_only=True,
        enable_version_counter=False,
    )
    return [History(folder / "history.csv"), TrainingProgress(), checkpoint]


def chosen_epoch(history: pd.DataFrame, select_by: str, rises: bool) -> int:
    """The epoch, from 1, whose weights are kept: the first with the best value, or the last."""
    if select_by == "last":
        return int(history["epoch"].iloc[-1])
    values = history[select_by]
    best = values.argmax() if rises else values.argmin()
    return int(history["epoch"].iloc[best])


def best_weights(trainer: pl.Trainer) -> dict[str, Tensor]:
    """The state dict of the chosen epoch; its checkpoint is removed from the disk."""
    checkpoint = trainer.checkpoint_callback
    assert isinstance(checkpoint, ModelCheckpoint)
    path = Path(checkpoint.best_model_path)
    state = torch.load(path, weights_only=True, map_location="cpu")["state_dict"]
    path.unlink()
    path.parent.rmdir()
    return state


def make_trainer(cfg: DictConfig, **given: Any) -> pl.Trainer:
    """The trainer of the config; MedsmallError if Lightning or this machine refuses it."""
    try:
        trainer: pl.Trainer = build(cfg.trainer, **given)
    except MedsmallError as error:
        told = str(error).partition(": ")[2]  # what Lightning says
        hint = " (trainer=cpu works everywhere)" if "backend" in told else ""
        raise MedsmallError(f"trainer cannot be made as configured: {told}{hint}") from error
    if isinstance(trainer.strategy.launcher, _SubprocessScriptLauncher):
        raise MedsmallError(
            f"trainer.devices={cfg.trainer.devices} with trainer.strategy={cfg.trainer.strategy} "
            "would start the command again in each process, and the processes would wait for each "
            "other: set trainer=ddp."
        )
    return trainer


@contextmanager
def interruptible() -> Iterator[None]:
    """An interrupt or a SIGTERM in the body, a step of a trainer, is a KeyboardInterrupt.

    Lightning ends an interrupt with exit status 1, a SIGTERM with 0, as if nothing had failed, and
    leaves Ctrl-C disabled. A MedsmallError of another process is raised here, too.
    """
    try:
        yield
    except SystemExit as ended:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise KeyboardInterrupt from ended
    except ProcessRaisedException as failed:  # holds only the text of the other process
        _, told, sentence = str(failed).rpartition(f"{MedsmallError.__name__}: ")
        if not told:
            raise
        raise MedsmallError(sentence.strip()) from failed
