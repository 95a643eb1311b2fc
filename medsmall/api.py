"""medsmall from Python, for example in a notebook: ``python -m medsmall.train``, but quiet.

from medsmall.api import show, train

record = train(["dataset=mine", "sample_size.n=50"])
show(record)            # the table that the command prints
record.predictions      # a pandas table of the test images; also .metrics, .history, .draw, ...
"""

from collections.abc import Sequence

from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.quiet import quieten
from medsmall.record import Record
from medsmall.record.summary import show
from medsmall.terminal import messages
from medsmall.train import execute, resolve

__all__ = ["Record", "show", "train"]


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
