"""Weights of timm's networks, from its repositories on the hub."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from medsmall import hub
from medsmall.errors import AbsentWeightsError, MedsmallError
from medsmall.pretraining.published import terms

if TYPE_CHECKING:  # seconds to import
    from torch import Tensor

    from medsmall.audit.provenance import Seen
    from medsmall.backbone.network import Network
    from medsmall.case import Source


def timm_source(name: str, title: str, seen: "Callable[[], tuple[Seen, ...]]") -> "Source":
    """Weights of timm under a `title`; their file is fetched when they are opened."""
    import timm

    from medsmall.backbone.weights import Weights
    from medsmall.case import Source
    from medsmall.pretraining.tensors import file_sha256

    known = timm.get_pretrained_cfg(name)
    network, _, tag = name.partition(".")
    tag = tag or str(known.tag if known else None)  # the default one may change with timm
    licence = (known.license if known else None) or ""
    weights = Weights(
        f"{title} (timm)",
        lambda network: from_timm(name, network),
        mean=list(known.mean) if known else None,
        std=list(known.std) if known else None,
    )

    def provenance() -> dict[str, str]:
        file = timm_file(name)
        of_file = {"file": str(file), "sha256": file_sha256(file)} if file else {}
        url = {"url": f"https://huggingface.co/{known.hf_hub_id}"} if known else {}
        return {**of_file, "licence": licence or "unknown", **url}

    return Source(
        weights.name, f"timm/{network}/{tag}", lambda: weights, seen, seen,
        notices=terms(name, licence) if licence else (),  # timm often says none
        provenance=provenance,
    )  # fmt: skip


def default_tag(name: str) -> str:
    """The tag of the weights that timm takes for a `name` without one; "" if it has none."""
    import timm

    known = timm.get_pretrained_cfg(name)
    return str(known.tag) if known and known.has_weights else ""


def from_timm(name: str, network: "Network") -> "dict[str, Tensor]":
    """The tensors of timm's weights `name` (network.tag), for the sizes and arguments of `network`.

    They are fetched if need be.
    """
    import timm

    known = timm.get_pretrained_cfg(name)
    file = hub.fetched(known.hf_hub_id) if known and known.hf_hub_id else None
    overlay = {"file": str(file)} if file else None  # else the hub would be asked once more
    arguments = {k: v for k, v in network.arguments.items() if k != "pooling"}
    try:
        module = timm.create_model(
            name, pretrained=True, pretrained_cfg_overlay=overlay, **arguments
        )
        return module.state_dict()
    except Exception as error:  # offline, no such weights, a broken cache: one remedy for all
        raise not_had(name, type(error).__name__) from error


def timm_file(name: str) -> Path | None:
    """The file of timm's weights `name` in the hub's cache, if it is there."""
    import timm

    known = timm.get_pretrained_cfg(name)
    return hub.fetched(known.hf_hub_id) if known and known.hf_hub_id else None


def not_had(name: str, why: str) -> MedsmallError:
    """The sentence for timm's weights that cannot be had."""
    return AbsentWeightsError(
        f"Weights for {name} could not be fetched from timm's hub ({why}): go online once, or set "
        "backbone=efficientnet_lite0, whose ImageNet weights come with pip, or pretraining=file "
        "pretraining.path=..., or pretraining=none."
    )
