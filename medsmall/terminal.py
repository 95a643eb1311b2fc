"""What people see in the terminal: results on stdout, everything on the way to them on stderr."""

import sys
from functools import lru_cache

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console()  # results
messages = Console(stderr=True)  # everything on the way to them


def progress_bar() -> Progress:
    """A bar on stderr: what, how much of it, time left. Nothing where stderr is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=messages,
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def say(sentence: str) -> None:
    """A line on stderr, as it is: neither wrapped nor searched for markup."""
    messages.print(sentence, markup=False, highlight=False, soft_wrap=True)


@lru_cache
def say_once(sentence: str) -> None:
    """Likewise, the first time in a process: what holds for all cells of a sweep, say."""
    say(sentence)
