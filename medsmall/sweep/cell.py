"""One cell of a running sweep: whatever comes out is kept in the folder of the sweep."""

import traceback
from collections.abc import Callable, Sequence

from omegaconf import DictConfig

from medsmall.command import mendable
from medsmall.lock import BusyError
from medsmall.sweep.folder import Failure, SweepFolder
from medsmall.terminal import messages


def run_cell(
    cfg: DictConfig, overrides: Sequence[str], work: Callable[[DictConfig], object]
) -> None:
    """Do the `work` of a cell without a word; keep why it has failed.

    Nothing is done where another process makes the same run, or what it starts from: the cell is
    launched again. Nor after a failure, with sweep.fail_fast.
    """
    folder = SweepFolder(cfg.output_root, cfg.sweep.name)
    if cfg.sweep.fail_fast and folder.has_failures(folder.begun):
        return
    loud, messages.quiet = messages.quiet, True
    try:
        work(cfg)
    except BusyError:
        return
    except Exception as error:
        sentence = mendable(error)
        told = "" if sentence else traceback.format_exc()
        fault = f"{type(error).__name__}: {error}".splitlines()[0]
        folder.fail(Failure(tuple(overrides), sentence or fault, told))
    finally:
        messages.quiet = loud
