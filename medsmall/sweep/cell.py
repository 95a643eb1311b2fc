"""One cell of a running sweep: whatever comes out is kept in the folder of the sweep."""

import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from medsmall.command import mendable
from medsmall.errors import MedsmallError
from medsmall.lock import BusyError
from medsmall.sweep.folder import Failure, SweepFolder
from medsmall.terminal import messages

if TYPE_CHECKING:
    from medsmall.case import Case

OTHER_MACHINE = (
    "This machine sees another run in the cell than the one where the sweep was started, as they "
    "choose other settings: set trainer=gpu trainer.precision=bf16-mixed, or trainer=cpu."
)


def run_cell(
    cfg: DictConfig,
    overrides: Sequence[str],
    resolve: Callable[[DictConfig], "Case"],
    execute: Callable[["Case"], object],
) -> None:
    """Run a cell without a word; keep why it has failed.

    Nothing is done where another process makes the same run, or what it starts from: the cell is
    launched again. Nor after a failure, with sweep.fail_fast.
    """
    folder = SweepFolder(cfg.output_root, cfg.sweep.name)
    if cfg.sweep.fail_fast and folder.has_failures:
        return
    loud, messages.quiet = messages.quiet, True
    failed = [tuple(overrides)]
    try:
        case = resolve(cfg)
        known = {cell.overrides: cell.key for cell in folder.cells}
        if case.key != known[failed[0]]:
            raise MedsmallError(OTHER_MACHINE)
        upstream = case.source.upstream
        if upstream and not upstream.record.done:
            if why := folder.failure((upstream.key,)):  # once for all cells that start from it
                raise MedsmallError(why.sentence)
            failed.append((upstream.key,))
        execute(case)
    except BusyError:
        return
    except (Exception, SystemExit) as error:  # a class of one's own may end the process
        told = "" if mendable(error) else traceback.format_exc()
        fault = f"{type(error).__name__}: {error}".splitlines()[0]
        notes = getattr(error, "__notes__", [])  # of an upstream, see train.execute
        for one in failed if notes else failed[:1]:
            sentence = " ".join([mendable(error) or fault, *notes])
            folder.fail(Failure(one, sentence, told))
    finally:
        messages.quiet = loud
