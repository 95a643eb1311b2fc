"""The machine's devices, for settings that depend on them."""

import ctypes
from functools import cache
from typing import Any


def cores() -> int:
    """The cores this process may use: those of its container, and of its share in a sweep."""
    from joblib import cpu_count

    return cpu_count()


@cache
def has_gpu() -> bool:
    """Whether torch can use a GPU; without a driver, torch is not imported to find out."""
    if not any(_loads(library) for library in ("libcuda.so.1", "nvcuda.dll", "libamdhip64.so")):
        return False
    import torch

    return torch.cuda.is_available()


def on_gpu(accelerator: str, there: Any, otherwise: Any) -> Any:
    """`there` if the `accelerator` of a trainer is a GPU, else the `otherwise`."""
    return otherwise if accelerator == "cpu" else there


def precision_on(accelerator: str) -> str:
    """That of a CPU, or the 16 bits of a GPU: cards before Ampere only emulate bfloat16."""
    if accelerator == "cpu":
        return "32-true"
    import torch

    native = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    return "bf16-mixed" if native else "16-mixed"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
