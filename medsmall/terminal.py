"""Output in the terminal: results on stdout, all other messages on stderr."""

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
messages = Terminal(stderr=True)  # all other messages


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
    """A bar on stderr: task, progress, time left. Nothing if stderr is not a terminal."""
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
    """A line on stderr, unchanged: neither wrapped nor searched for markup."""
    messages.print(sentence, markup=False, highlight=False, soft_wrap=True)


@lru_cache
def say_once(sentence: str) -> None:
    """The same, once per process, for example for all cells of a sweep."""
    say(sentence)


_told: set[str] = set()


def say_first(about: str, sentence: str) -> None:
    """The same, once per process and `about`, for faults that many images may have."""
    if about not in _told:
        _told.add(about)
        say(sentence)
