"""Loggers: where a run is compared with others, besides its record: W&B, MLflow, TensorBoard.

A logger is one file with a class that follows `Logger`. It only receives; the record on disk is
authoritative, and nothing is read back. A run has one place there, by its key: sent twice, it is
there once. What is sent is made by `medsmall.sent`, while the run trains or from its record.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Protocol

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.logger.charts import Chart
from medsmall.terminal import say, say_once

LONGEST = 250  # characters of a library's error


@dataclass(frozen=True)
class About:
    """What is known of a run before it trains.

    `arm` is what is compared, `size` how many images it has ("n50"); `config` holds the plain
    columns (arm, n, cell: an arm at a size, repeat, fold, seed, the options) and, under "config",
    their settings.
    """

    key: str
    name: str
    experiment: str
    arm: str
    size: str
    tags: list[str]
    config: dict[str, Any]

    @property
    def columns(self) -> dict[str, Any]:
        """The config by dotted names, for loggers without levels; what is None has no column."""
        return {key: value for key, value in _flat(self.config, "") if value is not None}


@dataclass(frozen=True)
class Result:
    """What came out: numbers ("test/auroc"), words about the machine, the test by target."""

    numbers: dict[str, float]
    texts: dict[str, str]
    table: pd.DataFrame
    charts: list[Chart] = field(default_factory=list)


class Logger(Protocol):
    """Where runs are shown; `start` raises whatever its library does if it cannot be reached."""

    def start(self, about: About) -> None:
        """Open the place of a run, or the one that it has."""

    def epoch(self, row: dict[str, float]) -> None:
        """An epoch of the history; its ``epoch`` is the step."""

    def result(self, result: Result) -> None:
        """What came out, once."""

    def end(self, complete: bool) -> str:
        """Close the place; a sentence on how to see the run, or ""."""


def _flat(config: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def made_logger(cfg: DictConfig) -> Logger:
    """The logger, not yet started; MedsmallError if its packages are not installed."""
    try:
        return made(cfg.logger, Logger)
    except MedsmallError as error:
        if not isinstance(error.__cause__, ImportError):
            raise
        raise MedsmallError(
            f"logger={cfg.choices.logger} needs packages that are not installed: "
            f'pip install "medsmall[{cfg.choices.logger}]", or set logger=none.'
        ) from error


GO_ON = "Set logger=none to go on without it."


def started(cfg: DictConfig, about: About, remedy: str = GO_ON) -> Logger:
    """The logger of the config with the place of a run; MedsmallError if it cannot start."""
    logger = made_logger(cfg)
    try:
        logger.start(about)
    except Exception as error:  # no account, no network: each library has its own errors
        raise MedsmallError(
            f"logger={cfg.choices.logger} cannot start: {told(error)}. {remedy}"
        ) from error
    return logger


def told(error: Exception) -> str:
    """An error of a library on one line, without its last full stop; of a long one the start."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words.rstrip(".") if len(words) <= LONGEST else f"{words[:LONGEST]} [...]"


@contextmanager
def closing(loggers: list[Logger]) -> Iterator[None]:
    """End each logger's run with the body, so that each run of a sweep gets its own."""
    complete = False
    try:
        yield
        complete = True
    finally:

        def end(logger: Logger) -> None:
            if sentence := logger.end(complete):
                say_once(sentence)  # for all cells of a sweep

        _each(loggers, end)


def replay(loggers: list[Logger], history: pd.DataFrame) -> None:
    """Send epochs, as they come or afterwards; what is not finite is left out."""
    for row in rows(history):
        _each(loggers, lambda logger, row=row: logger.epoch(row))  # type: ignore[misc]


def rows(history: pd.DataFrame) -> Iterator[dict[str, float]]:
    """The numbers of each epoch that are finite."""
    for epoch in history.to_dict("records"):
        numbers = {str(k): float(v) for k, v in epoch.items() if isinstance(v, Real)}
        yield {name: value for name, value in numbers.items() if np.isfinite(value)}


def send_result(loggers: list[Logger], result: Callable[[], Result]) -> None:
    """Send what came out."""
    _each(loggers, lambda logger: logger.result(result()))


def _each(loggers: list[Logger], send: Callable[[Logger], None]) -> None:
    """A logger that fails is left out from then on: hours of training do not hang on it."""
    for logger in [*loggers]:
        try:
            send(logger)
        except Exception as error:
            loggers.remove(logger)
            name = type(logger).__name__
            say(
                f"{name} has stopped: {told(error)}. The run goes on; medsmall.send sends it later."
            )
            with suppress(Exception):  # W&B would give the next run of a sweep this one's place
                logger.end(False)
