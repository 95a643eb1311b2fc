"""In a bundle, `medsmall.terminal` is this: messages without rich."""

import sys

_told: set[str] = set()


def say(sentence: str) -> None:
    """A line on stderr."""
    print(sentence, file=sys.stderr)


def say_first(about: str, sentence: str) -> None:
    """The same, once per process and `about`."""
    if about not in _told:
        _told.add(about)
        say(sentence)


def say_once(sentence: str) -> None:
    """The same, once per process."""
    say_first(sentence, sentence)
