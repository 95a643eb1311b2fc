"""Lightning's trainer for one run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig
from pytorch_lightning.strategies.launchers import _SubprocessScriptLauncher
from torch.multiprocessing import ProcessRaisedException

from medsmall.contract import build
from medsmall.errors import MedsmallError


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
