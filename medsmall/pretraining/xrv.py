"""Chest film weights of TorchXRayVision."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from omegaconf import DictConfig

from medsmall.errors import AbsentWeightsError, MedsmallError
from medsmall.pretraining.download import download, reachable

if TYPE_CHECKING:  # seconds to import, and `reach` answers before
    from torch import Tensor

    from medsmall.audit.provenance import Seen
    from medsmall.backbone.network import Network
    from medsmall.backbone.weights import Weights
    from medsmall.case import Case, Source

RELEASE = "https://github.com/mlmed/torchxrayvision/releases/download/v1"
KEPT = "~/.torchxrayvision/models_data"  # where torchxrayvision itself keeps its files
NETWORK = "densenet121"
# weights -> how the release calls the data in the name of its file, and their data sets
TRAINED_ON = {
    "all": (
        "nih-pc-chex-mimic_ch-google-openi-kaggle",
        ("chestxray14", "padchest", "chexpert", "mimic_cxr", "nih_google", "openi",
         "rsna_pneumonia"),
    ),
    "nih": ("nih", ("chestxray14",)),
    "chex": ("chex", ("chexpert",)),
    "pc": ("pc", ("padchest",)),
    "mimic_ch": ("mimic_ch", ("mimic_cxr",)),
    "mimic_nb": ("mimic_nb", ("mimic_cxr",)),
    "rsna": ("kaggle", ("rsna_pneumonia",)),
}  # fmt: skip


class TorchXRayVision:
    """A DenseNet-121 that was trained on public chest films (Cohen et al., MIDL 2022).

    Its one input channel becomes three of a third of the weights each, and its inputs from -1024
    to 1024 are given as statistics of grey levels: mean 0.5, std 1/2048. Which images it saw is
    not published per file, so a test set of the same films is refused.

    Args:
        weights: the films it was trained on: ChestX-ray14 (nih), CheXpert (chex), PadChest (pc),
            MIMIC-CXR with the labels of CheXpert (mimic_ch) or NegBio (mimic_nb), the RSNA
            pneumonia challenge (rsna), or these and two more (all).
        path: its file; null: where torchxrayvision keeps it, fetched if it is not there.
        allow_test_overlap: go on although it has seen, or may have seen, films of the test split.
    """

    def __init__(
        self,
        weights: Literal["all", "nih", "chex", "pc", "mimic_ch", "mimic_nb", "rsna"],
        path: str | None,
        allow_test_overlap: bool = False,
    ) -> None:
        self.weights = weights
        data, self.trained_on = TRAINED_ON[weights]
        kept = f"{data}-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt"
        self.url = f"{RELEASE}/{kept}"
        self.given = path is not None
        self.path = Path(f"{KEPT}/{kept}" if path is None else path).expanduser()
        if self.given and not self.path.is_file():
            raise AbsentWeightsError(f"pretraining.path: there is no file {self.path.absolute()}.")
        self.allow_test_overlap = allow_test_overlap

    def reach(self, cfg: DictConfig) -> None:
        """Whether the network is theirs, and their server answers where the file is absent."""
        _check(str(cfg.backbone.name))
        if not self.path.is_file() and not reachable(self.url):
            raise AbsentWeightsError(
                f"There is no file {self.path}, and {self.url} cannot be reached from here: "
                "download it elsewhere and put it there, or set pretraining.path."
            )

    def source(self, cfg: DictConfig, resolve: "Callable[[DictConfig], Case]") -> "Source":
        """The given file, or the file of the release by its name; it is fetched when opened."""
        from medsmall.case import Source
        from medsmall.pretraining.tensors import file_sha256

        fingerprint = file_sha256(self.path) if self.given else f"torchxrayvision/{self.path.name}"
        return Source(
            f"TorchXRayVision {self.weights}",
            fingerprint,
            open=partial(self._weights, fingerprint),
            patients=self._seen,
            seen=self._seen,
            allow_test_overlap=self.allow_test_overlap,
            provenance=lambda: {
                "file": str(self.path),
                "sha256": file_sha256(self.path),
                "licence": "Apache-2.0",
                "url": self.url,
            },
        )

    def _seen(self) -> "tuple[Seen, ...]":
        from medsmall.audit.provenance import Seen

        return tuple(Seen(name, None) for name in self.trained_on)

    def _weights(self, fingerprint: str) -> "Weights":
        from medsmall.backbone.weights import Weights
        from medsmall.pretraining.tensors import file_sha256

        if not self.path.is_file():
            download(self.url, self.path)
        if self.given and file_sha256(self.path) != fingerprint:
            raise MedsmallError(f"{self.path} has changed since the run began: start it again.")
        return Weights(
            f"TorchXRayVision {self.weights} ({self.path.name})",
            partial(_tensors, self.path),
            mean=[0.5] * 3,
            std=[1 / 2048] * 3,
        )


def _check(name: str) -> None:
    if name.partition(".")[0] != NETWORK:
        raise MedsmallError(
            f"pretraining=xrv has weights for {NETWORK} alone, but backbone.name is {name}: set "
            f"backbone={NETWORK}."
        )


def _tensors(path: Path, network: "Network") -> "dict[str, Tensor]":
    """Those of the file, for three equal input channels instead of one."""
    from medsmall.pretraining.pickled import network_tensors

    _check(network.architecture)
    found = network_tensors(path)
    found.pop("op_threshs", None)  # thresholds of its own outputs
    first = found.get("features.conv0.weight")
    if first is not None and first.shape[1] == 1:
        found["features.conv0.weight"] = first.repeat(1, 3, 1, 1) / 3
    return found
