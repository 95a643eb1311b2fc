"""Sends a run to the loggers of the config: W&B, TensorBoard, MLflow.

They only receive. The record on disk is authoritative; nothing is read back from a logger.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd
from omegaconf import DictConfig

from medsmall.contract import build
from medsmall.errors import MedsmallError

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger


def open_loggers(cfg: DictConfig) -> "list[Logger]":
    """The logger of the config, if it names one; MedsmallError if it cannot start."""
    if not cfg.logger:
        return []
    logger = made_logger(cfg)
    # Lightning gives W&B a setting that W&B warns is without effect; users cannot change that
    getattr(logger, "_wandb_init", {}).pop("anonymous", None)
    try:
        _ = logger.experiment  # starts it here instead of at the first metric
    except Exception as error:  # no account, no network: each library has its own errors
        told = " ".join(str(error).split()).rstrip(".")
        raise MedsmallError(
            f"The logger {type(logger).__name__} cannot start: {told}. Set logger=none to go on "
            "without it."
        ) from error
    return [logger]


def made_logger(cfg: DictConfig) -> Any:
    """The logger, not yet started; MedsmallError if its packages are not installed."""
    try:
        return build(cfg.logger)
    except MedsmallError as error:
        if not isinstance(error.__cause__, ImportError):
            raise
        raise MedsmallError(
            f"logger={cfg.choices.logger} needs packages that are not installed: "
            f'pip install "medsmall[{cfg.choices.logger}]", or set logger=none.'
        ) from error


@contextmanager
def closing(loggers: "list[Logger]") -> Iterator[None]:
    """End each logger's run with the body, so that each run of a sweep gets its own."""
    status = "failed"
    try:
        yield
        status = "success"
    finally:
        for logger in loggers:
            logger.finalize(status)
            finish = getattr(getattr(logger, "experiment", None), "finish", None)  # only W&B has it
            if finish:
                finish(exit_code=int(status == "failed"))


def replay(loggers: "list[Logger]", history: pd.DataFrame) -> None:
    """Send the epochs afterwards: training in several processes has no logger of its own."""
    for row in history.to_dict("records"):
        for logger in loggers:
            logger.log_metrics({str(k): v for k, v in row.items()}, step=int(row["epoch"]))


def send_test(loggers: "list[Logger]", test: dict[str, Any]) -> None:
    """Send the test metrics: test/loss, test/auroc (the mean) and test/<target>/auroc, ...

    Of classes also test/accuracy, test/macro_f1, ... and test/majority/accuracy, ...
    """
    groups = {"test": {**test, **test["mean"]}}
    if "majority" in test:
        groups["test/majority"] = test["majority"]
    groups |= {f"test/{target}": values for target, values in test["targets"].items()}
    numbers = {
        f"{group}/{name}": float(value)
        for group, values in groups.items()
        for name, value in values.items()
        if isinstance(value, int | float)
    }
    for logger in loggers:
        logger.log_metrics(numbers)
