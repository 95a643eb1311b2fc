"""Sends recorded runs to a logger: ``python -m medsmall.send logger=wandb``; nothing is run."""

from contextlib import suppress
from dataclasses import fields

from omegaconf import DictConfig

from medsmall.command import by_words
from medsmall.configs import compose
from medsmall.configs.options import options
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.logger import made_logger, rows, started, told
from medsmall.report.asked import Asked
from medsmall.report.ledger import read_runs, select
from medsmall.report.run import Run
from medsmall.schema import check
from medsmall.sent.about import about
from medsmall.sent.result import result
from medsmall.terminal import progress_bar, say

HELP = """\
python -m medsmall.send logger=wandb|mlflow|tensorboard [FOLDER ...] [key=value ...]

Sends the records below output folders (default: outputs, or MEDSMALL_OUTPUT) to a logger, as if it
had been set while they trained: config, epochs, test metrics, curves. Neither patients nor images
nor names of files are sent. A run that was sent before is there once.

  dataset=mine pretraining=none,imagenet   only these runs: any key or group of the config
  sweep=last                               only the runs of the last sweep, or of one by its name
  logger.project=hernia                    any key of the logger, as for medsmall.train

Examples:
  python -m medsmall.send logger=tensorboard
  python -m medsmall.send logger=wandb logger.offline=false sweep=last
  python -m medsmall.send logger=mlflow logger.tracking_uri=http://localhost:5000 dataset=mine"""
AGAIN = "The same command sends what is missing."
SELECTS = ("roots", "selection", "keys")  # what is asked here of all that a report can be asked


def send(words: list[str]) -> int:
    """Send the runs that the words of a command line select; how many."""
    cfg = _logger([word for word in words if _is_logger(word)])
    rest = [word for word in words if not _is_logger(word)]
    asked = Asked.of(rest)
    default = Asked()
    for one in fields(Asked):
        if one.name not in SELECTS and getattr(asked, one.name) != getattr(default, one.name):
            raise MedsmallError(
                f"{one.name}= is for medsmall.report: here, only runs are selected."
            )
    runs, left_out = read_runs(asked.roots, asked.keys)
    chosen = select(runs, asked.selection)
    for sentence in left_out:
        say(f"Left out: {sentence}")
    if not chosen:
        where = ", ".join(map(str, asked.roots))
        raise MedsmallError(f"No finished run below {where} fits the selection: select others.")
    made_logger(cfg)
    seen: dict[str, None] = {}
    with progress_bar() as progress:
        bar = progress.add_task(f"to {cfg.choices.logger}", total=len(chosen), note="")
        for count, run in enumerate(chosen):
            try:
                seen[_send(cfg, run)] = None
            except MedsmallError as error:
                before = f"{count} of {len(chosen)} runs were sent. " if count else ""
                raise MedsmallError(f"{before}{error}") from error
            progress.advance(bar)
    for sentence in filter(None, seen):
        say(sentence)
    return len(chosen)


def _is_logger(word: str) -> bool:
    return word.partition("=")[0] == "logger" or word.startswith("logger.")


def _logger(words: list[str]) -> DictConfig:
    """The config with that logger; MedsmallError if none is named, or one that there is not."""
    named = [word.partition("=")[2] for word in words if word.startswith("logger=")]
    known = [option for option in options("logger") if option != "none"]
    if len(named) != 1:
        raise MedsmallError(f"Name one logger to send to: logger={'|'.join(known)}.")
    if named[0] not in known:
        raise MedsmallError(f"There is no logger={named[0]}{did_you_mean(named[0], known)}.")
    cfg = compose(words)
    check(cfg)
    return cfg


def _send(cfg: DictConfig, run: Run) -> str:
    """Send one run; how to see it."""
    record = run.record
    found = result(record)
    logger = started(cfg, about(record.key, record.config, record.metrics), AGAIN)
    try:
        for row in rows(record.history):
            logger.epoch(row)
        logger.result(found)
        return logger.end(True)
    except Exception as error:
        with suppress(Exception):
            logger.end(False)
        raise MedsmallError(
            f"logger={cfg.choices.logger} has stopped at the run {record.key}: {told(error)}. "
            f"{AGAIN}"
        ) from error


def _sent(words: list[str]) -> None:
    count = send(words)
    say(f"Sent: {count:,} run{'s' if count > 1 else ''}.")


def main() -> None:
    """The command."""
    by_words(_sent, HELP, alone=True)


if __name__ == "__main__":
    main()
