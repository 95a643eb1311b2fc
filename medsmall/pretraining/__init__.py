"""Where the initial weights come from: one file per source."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from omegaconf import DictConfig

if TYPE_CHECKING:  # seconds to import
    from medsmall.case import Case, Source

__all__ = ["ASKED", "MACHINE", "Pretraining", "asked"]

# What a source may know of the run that asks, and what an upstream shares with it: the network and
# its input, where things lie, and the machine. All else is its own: a sweep finds one upstream.
ASKED = (
    "backbone", "image_size_px", "resize", "phantom", "data_root", "output_root", "cache_root",
    "num_workers", "audit",
)  # fmt: skip
MACHINE = ("accelerator", "devices", "strategy", "precision", "deterministic", "benchmark")


def asked(config: dict[str, Any]) -> dict[str, Any]:
    """That part of a resolved config, and the name of the chosen backbone."""
    return {
        **{key: config[key] for key in ASKED},
        "trainer": {key: config["trainer"][key] for key in MACHINE},
        "choices": {"backbone": config["choices"].get("backbone")},
    }


class Pretraining(Protocol):
    """Made from conf/pretraining/<name>.yaml."""

    def reach(self, cfg: DictConfig) -> None:
        """MedsmallError, within seconds, if the weights must be fetched and cannot be."""

    def source(self, cfg: DictConfig, resolve: "Callable[[DictConfig], Case]") -> "Source":
        """The identity of the weights, without loading, fetching or training any.

        `cfg` is what is `asked` of the run. A source that is itself a run gives that run's
        `resolve`d config as `upstream`.
        """
