"""Networks saved whole by `torch.save(network)`, read for their tensors alone.

Such a file names classes and would have them made. Here each name stands for an `Inert` object,
which keeps the tensors and runs nothing; a file that names anything else is refused.
"""

import pickle
import warnings
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.serialization import safe_globals

from medsmall.pretraining.tensors import only_tensors, readable

S = TypeVar("S", bound="Inert")

DENSENET = ("DenseNet", "_DenseLayer", "_DenseBlock", "_Transition")
NAMES = (
    *(f"torchxrayvision.models.{name}" for name in DENSENET),
    *(f"torchvision.models.densenet.{name}" for name in DENSENET),
    "torch.nn.modules.activation.ReLU",
    "torch.nn.modules.batchnorm.BatchNorm2d",
    "torch.nn.modules.container.Sequential",
    "torch.nn.modules.conv.Conv2d",
    "torch.nn.modules.dropout.Dropout",
    "torch.nn.modules.linear.Linear",
    "torch.nn.modules.pooling.AdaptiveAvgPool2d",
    "torch.nn.modules.pooling.AvgPool2d",
    "torch.nn.modules.pooling.MaxPool2d",
    "torch.nn.backends.thnn._get_thnn_function_backend",  # in every layer before torch 1.2
)
ZIP = b"PK\x03\x04"  # as torch tells its two formats apart


class Inert:
    """In the place of a class of the file: made from anything, it only keeps its state."""

    dump_patches = False  # torch asks each class of an old file for it

    def __new__(cls: type[S], *args: Any) -> S:
        """Whatever the file would give the class is dropped."""
        return object.__new__(cls)


def _in_place_of(name: str) -> type[Inert]:
    module, _, own = name.rpartition(".")
    return type(own, (Inert,), {"__module__": module})


INERT = {name: _in_place_of(name) for name in NAMES}
KNOWN: dict[str, Any] = {
    **INERT,
    "collections.OrderedDict": OrderedDict,
    "builtins.set": set,
    "__builtin__.set": set,
    "torch._utils._rebuild_tensor": torch._utils._rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": torch._utils._rebuild_tensor_v2,
    "torch._utils._rebuild_parameter": torch._utils._rebuild_parameter,
}


class _Unpickler(pickle.Unpickler):
    """Looks up what a file names in KNOWN; nothing is imported."""

    def find_class(self, module: str, name: str) -> Any:
        if (full := f"{module}.{name}") not in KNOWN:
            raise pickle.UnpicklingError(f"Unsupported global: GLOBAL {full} was not allowed")
        return KNOWN[full]


READER = SimpleNamespace(
    __name__=__name__,
    Unpickler=_Unpickler,
    load=lambda file, **options: _Unpickler(file, **options).load(),
)


def network_tensors(path: Path) -> dict[str, Tensor]:
    """The state dict of the network in a file, or the state dict that the file is, on the CPU.

    MedsmallError for anything else.
    """
    with readable(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other versions of the classes' source text
        content = _read(path)
        return only_tensors(path, _tensors_of(content) if isinstance(content, Inert) else content)


def _read(path: Path) -> Any:
    with open(path, "rb") as file:
        zipped = file.read(len(ZIP)) == ZIP
    if zipped:
        with safe_globals([*INERT.values()]):
            return torch.load(path, map_location="cpu", weights_only=True)
    # files from before torch 1.6: there weights_only=True refuses the classes of networks, whatever
    # is allowed. This format is read by the `pickle_module` alone, and READER knows only KNOWN.
    return torch.load(path, map_location="cpu", weights_only=False, pickle_module=READER)


def _tensors_of(network: Inert, prefix: str = "") -> dict[str, Tensor]:
    """As `nn.Module.state_dict`; a file from before torch 1.6 lacks some attributes for that."""
    own = vars(network)
    passing = own.get("_non_persistent_buffers_set", set())
    named = {**own["_parameters"], **own["_buffers"]}
    found = {
        f"{prefix}{name}": tensor.detach()
        for name, tensor in named.items()
        if tensor is not None and name not in passing
    }
    for name, module in own["_modules"].items():
        found |= _tensors_of(module, f"{prefix}{name}.")
    return found
