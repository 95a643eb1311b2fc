"""The weights that were published with the backbone, on the Hugging Face hub."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from medsmall import hub
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.pretraining.imagenet import ImageNet
from medsmall.pretraining.published import terms
from medsmall.pretraining.timm_hub import default_tag, not_had, timm_source

if TYPE_CHECKING:  # seconds to import, and `reach` answers before
    from torch import Tensor

    from medsmall.audit.provenance import Seen
    from medsmall.backbone.network import Network
    from medsmall.case import Case, Source

FACTS = ("repository", "file", "prefix", "mean", "std", "licence", "trained_on")


class Hub:
    """Weights of DINOv2, BiomedCLIP, ...: whatever belongs to the backbone.

    A backbone called ``hf-hub:owner/repository`` has them there. One whose YAML has a `hub` (see
    conf/backbone/biomedclip.yaml) has them where that says; one with packaged ImageNet weights has
    those. The weights of any other backbone are those of its name in timm, such as
    ``vit_small_patch14_dinov2.lvd142m``.

    Args:
        at: of the backbone: `repository` and `file` on the hub; `prefix` of the names of the
            tensors, others are left out; `mean` and `std` of its inputs; `licence`; `trained_on`.
        packaged_weights: of the backbone; see `medsmall.pretraining.imagenet`.
        trained_on: name of the data set they were trained on; null: as the backbone says, else the
            tag of timm, else unknown.
        allow_test_overlap: go on although they have seen, or may have seen, the test split.
    """

    def __init__(
        self,
        at: dict | None,
        trained_on: str | None,
        packaged_weights: str | None = None,
        allow_test_overlap: bool = False,
    ) -> None:
        self.packaged = ImageNet(packaged_weights) if packaged_weights and not at else None
        self.at: dict[str, Any] = at or {}
        for key in self.at:
            if key not in FACTS:
                raise MedsmallError(f"There is no key 'backbone.hub.{key}'"
                                    f"{did_you_mean(str(key), FACTS)}.")  # fmt: skip
        _check_values(self.at)
        self.trained_on, self.allow_test_overlap = trained_on, allow_test_overlap

    def reach(self, cfg: DictConfig) -> None:
        """Whether the hub answers, where the weights were not fetched before."""
        repository = self._repository(cfg.backbone.name)
        if repository is None:
            if not self.packaged and not hub.may_be_had(cfg.backbone.name):
                raise not_had(cfg.backbone.name, "it cannot be reached from here")
        elif not hub.fetched(repository, self._files()) and not hub.answers():
            raise hub.not_had(repository, self._files(), "it cannot be reached from here")

    def source(self, cfg: DictConfig, resolve: "Callable[[DictConfig], Case]") -> "Source":
        """The weights, fetched when they are opened."""
        return replace(self._source(cfg, resolve), allow_test_overlap=self.allow_test_overlap)

    def _source(self, cfg: DictConfig, resolve: "Callable[[DictConfig], Case]") -> "Source":
        name = cfg.backbone.name
        repository = self._repository(name)
        if repository is None and self.packaged:
            packaged = self.packaged.source(cfg, resolve)
            if self.trained_on is None:
                return packaged
            return replace(packaged, patients=lambda: self._seen(""), seen=lambda: self._seen(""))
        if repository is None:
            tag = name.partition(".")[2] or default_tag(name) or ""
            return timm_source(name, name, lambda: self._seen(tag))
        return self._of_repository(repository, described=name.startswith("hf-hub:"))

    def _of_repository(self, repository: str, described: bool) -> "Source":
        from medsmall.backbone.weights import Weights
        from medsmall.case import Source
        from medsmall.pretraining.tensors import file_sha256

        facts = hub.described(repository)[2] if described else {}
        licence = self.at.get("licence") or facts.get("license") or ""
        weights = Weights(
            repository,
            lambda network: self._tensors(repository, network),
            mean=self.at.get("mean") or facts.get("mean"),
            std=self.at.get("std") or facts.get("std"),
        )

        def provenance() -> dict[str, str]:
            file = hub.fetched(repository, self._files())
            of_file = {"file": str(file), "sha256": file_sha256(file)} if file else {}
            url = f"https://huggingface.co/{repository.partition('@')[0]}"
            return {**of_file, "licence": licence or "unknown", "url": url}

        return Source(
            repository,
            f"hub/{repository}/{self.at.get('prefix') or ''}",
            lambda: weights,
            lambda: self._seen(""),
            lambda: self._seen(""),
            notices=terms(repository, licence),
            provenance=provenance,
        )

    def _repository(self, name: str) -> str | None:
        if name.startswith("hf-hub:"):
            return name.removeprefix("hf-hub:")
        return self.at.get("repository")

    def _files(self) -> tuple[str, ...]:
        return (self.at["file"],) if self.at.get("file") else hub.FILES

    def _tensors(self, repository: str, network: "Network") -> "dict[str, Tensor]":
        from medsmall.pretraining.tensors import read_tensors

        tensors = read_tensors(hub.file(repository, self._files()))
        prefix = self.at.get("prefix") or ""
        return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

    def _seen(self, tag: str) -> "tuple[Seen, ...]":
        from medsmall.audit.provenance import UNKNOWN, Seen

        return (Seen(self.trained_on or self.at.get("trained_on") or tag or UNKNOWN, None),)


def _check_values(at: dict[str, Any]) -> None:
    for key, value in at.items():
        numbers = key in ("mean", "std")
        if numbers and isinstance(value, list):
            fits = [type(one) in (int, float) for one in value] == [True] * 3
        else:
            fits = value is None or (not numbers and isinstance(value, str))
        if not fits:
            raise MedsmallError(
                f"backbone.hub.{key} must be {'a list of three numbers' if numbers else 'text'}, "
                f"but is {value!r}."
            )
    if at and not at.get("repository"):
        raise MedsmallError("backbone.hub has no repository: write OWNER/REPOSITORY there.")
