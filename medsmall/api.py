"""medsmall from Python, for example in a notebook: the commands train and report, but quiet.

from medsmall.api import compare, records, show, train

record = train(["dataset=mine", "sample_size.n=50"])
show(record)            # the table that the command prints
record.predictions      # a pandas table of the test images; also .metrics, .history, .draw, ...
records()               # a pandas table with a row per recorded run
compare()               # a pandas table of verdicts on the arms of a sweep
load("best dataset=mine").predict("new/*.png")   # a pandas table of answers about images
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.predict.predictor import Predictor
from medsmall.predict.words import Words
from medsmall.quiet import quieten
from medsmall.record import Record
from medsmall.record.summary import show
from medsmall.report.asked import Asked
from medsmall.report.ledger import as_table, read_runs
from medsmall.report.question import answer
from medsmall.report.verdicts import verdict_rows
from medsmall.resolve import resolve
from medsmall.terminal import messages
from medsmall.train import execute

__all__ = ["Predictor", "Record", "compare", "load", "records", "show", "train"]


def train(overrides: Sequence[str], quiet: bool = True) -> Record:
    """Train and test the run of the `overrides`, unless it is recorded; returns its record.

    `overrides` are written as on the command line, one string each, without -m: a sweep is a loop.
    Nothing is printed; notices are in ``record.notices``. With `quiet` False, notices and progress
    are printed as they come. Your own options are read from ./conf in the current folder, as by the
    commands.

    Raises MedsmallError for whatever a user can mend; nothing of a failed run stays on disk.
    """
    if isinstance(overrides, str):
        raise MedsmallError(f"train takes a list of overrides: write train([{overrides!r}]).")
    if overrides is None or not all(isinstance(one, str) for one in overrides):
        raise MedsmallError('train takes a list of texts: write train(["dataset=mine"]).')
    quieten()
    before, messages.quiet = messages.quiet, quiet
    try:
        return execute(resolve(compose(list(overrides))))
    finally:
        messages.quiet = before


def records(*folders: str | Path) -> pd.DataFrame:
    """One row per finished run of the output folders (none named: the default one).

    Columns are the keys of the config that can change a result, the options of the groups, the
    mean metrics as ``test_auroc`` and ``val_auroc``, counts, and the ``folder`` of the record.
    Records that cannot be read are left out.
    """
    runs, _ = read_runs(Asked.of([str(folder) for folder in folders]).roots)
    return as_table(runs)


def compare(*words: str) -> pd.DataFrame:
    """The verdicts of ``python -m medsmall.report``, with the words of its command line.

    One row per two arms ``a`` and ``b`` at one size: ``difference`` (a - b), its simultaneous 95%
    interval ``low`` to ``high``, Holm's ``p_holm``, and ``verdict``: better, worse, equivalent or
    undecided, or None with the reason in ``no_verdict``.
    """
    found = answer(Asked.of(list(words)))
    return pd.DataFrame(verdict_rows(found.study, found.comparisons))


def load(
    run: str | Path | Record | Sequence[Record],
    calibration: str = "auto",
    prevalence: float | dict[str, float] | None = None,
    sets: float | None = None,
) -> Predictor:
    """The model of a run, or of several that answer together, for ``predict(images)``.

    `run` is what follows ``python -m medsmall.predict``: a key, a folder, "last", or a selection
    such as "best dataset=mine output_root=outputs"; or records. See
    `medsmall.predict.predictor.Predictor.predict` for the table that it gives.
    """
    if isinstance(run, Record):
        records = [run]
    elif isinstance(run, str | Path):
        given = [str(run)] if Path(run).is_dir() else shlex.split(str(run))
        words = Words.of(given, ())
        if words.rest:
            raise MedsmallError(f"{words.rest[0]} names no run: write load('best dataset=mine').")
        records = words.records()[0]
    else:
        records = list(run)
    return Predictor(records, calibration, prevalence, sets)
