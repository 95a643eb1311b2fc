"""Questions that are given up after some seconds."""

import threading
from collections.abc import Callable


def answered(ask: Callable[[], bool], seconds: float) -> bool:
    """Whether `ask` says yes within so many seconds.

    It runs in a thread that is left behind: the look-up of a host's name has no time limit.
    """
    yes, done = threading.Event(), threading.Event()

    def asked() -> None:
        try:
            if ask():
                yes.set()
        finally:
            done.set()

    threading.Thread(target=asked, daemon=True).start()
    done.wait(seconds)
    return yes.is_set()
