"""The machine's devices, for settings that depend on them."""

import ctypes
from functools import cache
from typing import Any


@cache
def has_gpu() -> bool:
    """Whether torch can use a GPU; without a driver, torch is not imported to find out."""
    if not any(_loads(library) for library in ("libcuda.so.1", "nvcuda.dll", "libamdhip64.so")):
        return False
    import torch

    return torch.cuda.is_available()


def if_gpu(there: Any, otherwise: Any) -> Any:
    """The resolver ``${if_gpu:a,b}``: a on a machine with a GPU, else b."""
    return there if has_gpu() else otherwise


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
