"""What people see in the terminal: results on stdout, everything on the way to them on stderr."""

import codecs
import sys
from functools import lru_cache

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PLAIN = {"⁺": "+", "⁻": "-", "–": "-", "…": "...", "×": "x", "≥": ">=", "≤": "<="}


class Terminal(Console):
    """Draws lines of tables with what the encoding of its stream has, which may be replaced."""

    @property
    def encoding(self) -> str:
        """Of the stream as it is now."""
        return (getattr(self.file, "encoding", None) or "utf-8").lower()


console = Terminal()  # results
messages = Terminal(stderr=True)  # everything on the way to them


def show_what_can_be() -> None:
    """Let the streams replace a character that their encoding lacks, where they would fail."""
    codecs.register_error("medsmall.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="medsmall.plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in lacking), error.end


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


_told: set[str] = set()


def say_first(about: str, sentence: str) -> None:
    """Likewise, the first sentence `about` something that many images may have."""
    if about not in _told:
        _told.add(about)
        say(sentence)
