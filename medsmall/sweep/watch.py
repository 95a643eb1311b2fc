"""Shows a running sweep: a live table in a terminal, else a line per finished cell.

It reads the records, so it works wherever the cells run.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.live import Live

from medsmall.sweep.state import State
from medsmall.sweep.table import line, table
from medsmall.terminal import Terminal

EVERY = 1.0  # seconds between two looks
shown = Terminal(stderr=True)  # its own: a cell in this process is quiet


@contextmanager
def watched(state: State) -> Iterator[None]:
    """Show the `state` of a sweep while the body runs."""
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(state, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _watch(state: State, stop: threading.Event) -> None:
    if sys.stderr.isatty():
        with Live(console=shown, auto_refresh=False) as live:
            while True:
                last = stop.wait(EVERY)
                state.look()
                live.update(table(state), refresh=True)
                if last:
                    return
    told = set(state.failed)
    while True:
        last = stop.wait(EVERY)
        for cell in state.look():
            _say(line(state, cell))
        for cell in state.cells:
            if cell.overrides in state.failed.keys() - told:
                _say(f"Failed: {cell.words}: {state.failed[cell.overrides].sentence}")
        told |= state.failed.keys()
        if last:
            return


def _say(sentence: str) -> None:
    shown.print(sentence, markup=False, highlight=False, soft_wrap=True)
