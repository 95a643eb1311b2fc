"""How a command ends that was given something a user can mend: with one sentence."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from medsmall.configs import explain, refused
from medsmall.errors import MedsmallError


@contextmanager
def one_sentence(cell: str = "") -> Iterator[None]:
    """End the process with one sentence on an error that a user can mend, whatever its wrapping.

    In the `cell` of a sweep the sentence begins with it and the error goes on.
    """
    try:
        yield
    except KeyboardInterrupt:
        print(
            "Interrupted: nothing of the run was kept; the same command starts it again.",
            file=sys.stderr,
        )
        sys.exit(130)
    except BrokenPipeError:  # `--help | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        sentence = mendable(error)
        if sentence is None:
            raise
        print(f"{cell}{sentence}", file=sys.stderr)
        if cell:
            raise
        sys.exit(2)


def mendable(error: BaseException | None) -> str | None:
    """The sentence for an error that a user can mend; None for a fault of the program."""
    first = error
    while error:
        if isinstance(error, MedsmallError):
            return str(error)
        if isinstance(error, OSError) and error.filename is not None:
            return f"{error.filename}: {error.strerror}; name another folder or make room there."
        error = error.__cause__
    return explain(first) if isinstance(first, Exception) and refused(first) else None
