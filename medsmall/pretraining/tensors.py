"""Files of tensors, read without executing anything."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from medsmall.backbone.weights import sha256
from medsmall.errors import MedsmallError

# how files begin that are taken for weights: what a server or git gave instead of them
IMPOSTORS = {
    b"<": "it is a web page: download the file itself",
    b"version https://git-lfs": "it is a pointer of Git LFS: run git lfs pull",
}


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, computed once while its size and time stay the same."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


def tensors_sha256(path: Path) -> str:
    """`medsmall.backbone.weights.sha256` of a file's tensors: files of equal weights may differ."""
    status = path.stat()
    return _tensors_sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _tensors_sha256(path: Path, size: int, time_ns: int) -> str:
    return sha256(read_tensors(path))


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, time_ns: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def statistics(path: Path) -> dict[str, list[float]]:
    """The `mean` and `std` that a run wrote into its safetensors file; empty for other files."""
    if path.suffix != ".safetensors":
        return {}
    with readable(path), safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        given = [k for k in ("mean", "std") if k in metadata]
        return {k: [float(x) for x in metadata[k].split()] for k in given}


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file or a state dict, by name, on the CPU."""
    with readable(path):
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, weights_only=True, map_location="cpu")
        return only_tensors(path, content.get("state_dict", content))


def only_tensors(path: Path, content: dict[Any, Any]) -> dict[str, Tensor]:
    """The `content` of a file; MedsmallError if it holds anything but tensors by name."""
    others = [
        name
        for name, value in content.items()
        if not (isinstance(name, str) and isinstance(value, Tensor))
    ]
    if others:
        raise MedsmallError(
            f"{path} holds entries that are not tensors ({', '.join(map(str, others[:3]))}): save "
            "the state dict alone."
        )
    odd = [name for name, tensor in content.items() if not _plain(tensor)]
    if odd:
        raise MedsmallError(
            f"{path} holds tensors that are sparse, quantised, complex or without data "
            f"({', '.join(odd[:3])}): save the state dict of the network in float32."
        )
    return content


def _plain(tensor: Tensor) -> bool:
    """Whether it holds one real number in each place."""
    odd = tensor.is_quantized or tensor.is_meta or tensor.is_complex()
    return tensor.layout == torch.strided and not odd


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn whatever a reader raises for a broken file into one sentence."""
    try:
        yield
    except MedsmallError:
        raise
    except Exception as error:
        raise MedsmallError(
            f"{path} is not a readable weights file ({_why(path, error)}): it must be a "
            f"safetensors file or a state dict saved by torch.save."
        ) from error


def _why(path: Path, error: Exception) -> str:
    """What is wrong with a file that cannot be read, as far as it shows."""
    try:
        with open(path, "rb") as file:
            start = file.read(64).lstrip()
    except OSError:
        return type(error).__name__
    if not start:
        return "it is empty"
    for beginning, what in IMPOSTORS.items():
        if start.startswith(beginning):
            return what
    if found := re.search(r"GLOBAL (\S+) was not", str(error)):
        return f"it names {found[1]}, which might run code"
    if "Only persistent_load of storage" in str(error):
        return "it holds a whole network, which might run code"
    return f"{type(error).__name__}; it may be cut off"
