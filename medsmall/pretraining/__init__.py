"""Where the initial weights come from: one file per source."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from omegaconf import DictConfig

if TYPE_CHECKING:  # seconds to import
    from medsmall.case import Case, Source

__all__ = ["ASKED", "MACHINE", "Pretraining", "asked"]

# The keys of the run that a source may see and an upstream shares: the network and its input, the
# folders, and the machine. All other keys are the upstream's own, so a sweep shares one upstream.
ASKED = (
    "backbone", "image_size_px", "resize", "phantom", "data_root", "output_root", "cache_root",
    "num_workers", "audit",
)  # fmt: skip
MACHINE = ("accelerator", "devices", "strategy", "precision", "deterministic", "benchmark")


def asked(config: dict[str, Any]) -> dict[str, Any]:
    """These keys of a resolved config, and the name of the chosen backbone."""
    return {
        **{key: config[key] for key in ASKED},
        "trainer": {key: config["trainer"][key] for key in MACHINE},
        "choices": {"backbone": config["choices"].get("backbone")},
    }


class Pretraining(Protocol):
    """Made from conf/pretraining/<name>.yaml."""

    def reach(self, cfg: DictConfig) -> None:
        """MedsmallError, within seconds, if the weights cannot be fetched."""

    def source(self, cfg: DictConfig, resolve: "Callable[[DictConfig], Case]") -> "Source":
        """The identity of the weights, without loading, fetching or training any.

        `cfg` holds the `asked` keys of the run. A source that is itself a run gives that run's
        `resolve`d config as `upstream`.
        """
