"""Other people's code goes untraced: following it line by line takes as long again.

A tracer slows down all that Python runs, not only what it counts. On 3.11 Hydra composes a config
in 0.12 s, and traced in 0.30 s.
"""

import functools
import gc
import importlib
import inspect
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

FOREIGN = {
    "hydra._internal.config_loader_impl:ConfigLoaderImpl": ["load_configuration"],
    "omegaconf:OmegaConf": ["load", "create", "to_container", "to_yaml"],
    "omegaconf:DictConfig": ["copy"],
    "matplotlib.figure:Figure": ["savefig", "subplots"],
    "pandas": ["read_csv"],
    "pandas:DataFrame": ["__init__", "__getitem__", "drop_duplicates", "to_csv"],
    "pandas:Series": ["__init__", "astype", "isin", "duplicated", "dropna"],
    "pandas.core.indexing:_LocIndexer": ["__getitem__"],
    "timm": ["create_model"],
    "PIL.Image:Image": ["save"],
    "hydra.core.override_parser.overrides_parser:OverridesParser": ["parse_override"],
    "albumentations:Compose": ["__init__"],
    "sklearn.metrics": [
        "roc_auc_score",
        "average_precision_score",
        "cohen_kappa_score",
        "f1_score",
        "recall_score",
        "precision_score",
        "accuracy_score",
        "balanced_accuracy_score",
    ],
    "scipy.stats._distn_infrastructure:rv_continuous": ["ppf", "cdf"],
}


@contextmanager
def untraced() -> Iterator[None]:
    """Hold the tracer of this thread, if there is one."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


def leave_untraced(owner: Any, name: str) -> None:
    """Hold it in each call of a method, or of a function of a module."""
    called: Callable[..., Any] = getattr(owner, name)
    static = isinstance(inspect.getattr_static(owner, name), staticmethod)

    @functools.wraps(called)
    def quick(*arguments: Any, **options: Any) -> Any:
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            return called(*arguments, **options)
        finally:
            sys.settrace(tracer)

    setattr(owner, name, staticmethod(quick) if static else quick)


def leave_foreign_code_untraced() -> None:
    """Hold it where our code spends most time in that of others, which never calls ours.

    In a process that runs tests, what most of them need is imported untraced, too.
    """
    if sys.gettrace() is None:
        return
    for owner, names in FOREIGN.items():
        where = pkgutil.resolve_name(owner)
        for name in names:
            leave_untraced(where, name)
    if "PYTEST_XDIST_WORKER" in os.environ:
        with untraced():
            for name in ("albumentations", "pytorch_lightning", "sklearn.metrics", "timm"):
                importlib.import_module(name)
        gc.freeze()  # it stays, and need not be looked through for what could go
