"""Weights of RadImageNet: radiological images of CT, MRI and ultrasound."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from medsmall.errors import AbsentWeightsError, MedsmallError

if TYPE_CHECKING:  # seconds to import, and `reach` answers before
    from torch import Tensor

    from medsmall.audit.provenance import Seen
    from medsmall.backbone.network import Network
    from medsmall.backbone.weights import Weights
    from medsmall.case import Case, Source

# the layers of torchvision's networks that have tensors, in their order, but for the last layer and
# the auxiliary classifier; timm calls them the same
LAYERS = {
    "resnet50": ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"],
    "densenet121": ["features"],
    "inception_v3": [
        "Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3",
        "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d",
        "Mixed_6e", "Mixed_7a", "Mixed_7b", "Mixed_7c",
    ],
}  # fmt: skip
NOTICE = (
    "The weights of RadImageNet are given for research alone: ask its authors (radimagenet.com) "
    "before any other use."
)


class RadImageNet:
    """A PyTorch file of the authors (Mei et al., Radiology: Artificial Intelligence 2022).

    For ResNet-50, DenseNet-121 and Inception-v3. Their inputs are (grey - 127.5) * 2 / 255, that
    is mean 0.5 and std 0.5.

    Args:
        path: the file, such as ResNet50.pt.
        allow_test_overlap: go on although the target is RadImageNet itself.
    """

    def __init__(self, path: str, allow_test_overlap: bool = False) -> None:
        self.path = Path(path).expanduser()
        if not self.path.is_file():
            raise AbsentWeightsError(
                f"pretraining.path: there is no file {self.path.absolute()}; "
                "github.com/BMEII-AI/RadImageNet says where the authors give it."
            )
        self.allow_test_overlap = allow_test_overlap

    def reach(self, cfg: DictConfig) -> None:
        """Nothing is fetched; whether the network is one of theirs."""
        _layers_of(str(cfg.backbone.name))

    def source(self, cfg: DictConfig, resolve: "Callable[[DictConfig], Case]") -> "Source":
        """The tensors of the file."""
        from medsmall.case import Source
        from medsmall.pretraining.tensors import file_sha256, tensors_sha256

        fingerprint = tensors_sha256(self.path)
        return Source(
            f"RadImageNet ({self.path.name})",
            fingerprint,
            open=partial(self._weights, fingerprint),
            patients=_seen,
            seen=_seen,
            allow_test_overlap=self.allow_test_overlap,
            notices=(NOTICE,),
            provenance=lambda: {
                "file": str(self.path),
                "sha256": file_sha256(self.path),
                "licence": "research only",
                "url": "https://github.com/BMEII-AI/RadImageNet",
            },
        )

    def _weights(self, fingerprint: str) -> "Weights":
        from medsmall.backbone.weights import Weights
        from medsmall.pretraining.tensors import tensors_sha256

        if tensors_sha256(self.path) != fingerprint:
            raise MedsmallError(f"{self.path} has changed since the run began: start it again.")
        name = f"RadImageNet ({self.path.name})"
        half = [0.5] * 3
        return Weights(name, partial(_tensors, self.path), mean=half, std=half)


def _seen() -> "tuple[Seen, ...]":
    from medsmall.audit.provenance import Seen

    return (Seen("radimagenet", None),)


def _layers_of(name: str) -> list[str]:
    """The LAYERS of timm's network `name`."""
    layers = LAYERS.get(name.partition(".")[0])
    if layers is None:
        raise MedsmallError(
            f"RadImageNet has weights for {', '.join(LAYERS)}, but backbone.name is {name}: set "
            "backbone=resnet50, or another one of these."
        )
    return layers


def _tensors(path: Path, network: "Network") -> "dict[str, Tensor]":
    """The file's tensors under timm's names.

    The authors put the layers into a sequence, so `backbone.4.0.conv1.weight` is of the fifth. The
    places depend on the version of torchvision, as layers without tensors count; their order does
    not.
    """
    from medsmall.pretraining.tensors import read_tensors

    layers = _layers_of(network.architecture)
    places: dict[int, dict[str, Tensor]] = {}
    for name, tensor in read_tensors(path).items():
        found = re.fullmatch(r"backbone\.(\d+)\.(.+)", name)
        if not found:
            raise MedsmallError(
                f"{path} is not one of RadImageNet's PyTorch files, whose names begin like "
                f"backbone.0, but one is {name}: set pretraining=file, or another path."
            )
        places.setdefault(int(found[1]), {})[found[2]] = tensor
    body = [places[place] for place in sorted(places) if not _classifies(places[place])]
    if len(body) != len(layers):
        raise MedsmallError(
            f"{path} has {len(body)} layers, but {network.architecture} {len(layers)}: set the "
            "backbone that the file is of."
        )
    return {
        f"{layer}.{name}": tensor
        for layer, tensors in zip(layers, body, strict=True)
        for name, tensor in tensors.items()
    }


def _classifies(tensors: "dict[str, Tensor]") -> bool:
    """Whether these are of the last layer, or of Inception's auxiliary classifier."""
    weight = tensors.get("weight")
    return "fc.weight" in tensors or (weight is not None and weight.ndim == 2)
