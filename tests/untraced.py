"""Other people's code goes untraced: following it line by line takes as long again.

A tracer slows down all that Python runs, not only what it counts. On 3.11 Hydra composes a config
in 0.12 s, and traced in 0.30 s.
"""

import functools
import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl


@contextmanager
def untraced() -> Iterator[None]:
    """Hold the tracer of this thread, if there is one."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


def leave_untraced(owner: type, name: str) -> None:
    """Hold it in each call of a method."""
    method: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(method)
    def quick(*arguments: Any, **options: Any) -> Any:
        with untraced():
            return method(*arguments, **options)

    setattr(owner, name, quick)


def leave_foreign_code_untraced() -> None:
    """Compose untraced; in a process that runs tests, import what most of them need likewise."""
    leave_untraced(ConfigLoaderImpl, "load_configuration")
    if sys.gettrace() is not None and "PYTEST_XDIST_WORKER" in os.environ:
        with untraced():
            for name in ("albumentations", "pytorch_lightning", "sklearn.metrics", "timm"):
                importlib.import_module(name)
        gc.freeze()  # it stays, and need not be looked through for what could go
