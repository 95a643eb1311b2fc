"""Writes a trained network as safetensors."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor


def write_weights(
    path: Path, tensors: dict[str, Tensor], mean: list[float], std: list[float], **about: str
) -> None:
    """The tensors, with the statistics their inputs are normalised with in the metadata."""
    statistics = {"mean": numbers(mean), "std": numbers(std)}
    contiguous = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    path.write_bytes(save(contiguous, metadata={**about, **statistics}))


def numbers(values: Iterable[float] | Tensor) -> str:
    """Numbers as text, exact to float32: "0.485 0.456 0.406"."""
    flat = values.flatten().tolist() if isinstance(values, Tensor) else values
    return " ".join(f"{x:.9g}" for x in flat)


def sha256(tensors: dict[str, Tensor]) -> str:
    """Hash of names and values: equal for equal networks, which the bytes of a file need not be."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        values = tensors[name].contiguous().cpu().reshape(-1)
        digest.update(values.view(torch.uint8).numpy().tobytes())  # NumPy knows no bfloat16
    return digest.hexdigest()
