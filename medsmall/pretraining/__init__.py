"""Where the initial weights come from: one file per source."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from omegaconf import DictConfig

if TYPE_CHECKING:  # seconds to import
    from medsmall.case import Case, Source

__all__ = ["ASKED", "MACHINE", "LeavesOut", "Pretraining", "asked", "draw_of"]

# The keys of the run that a source may see and an upstream shares: the network and its input, the
# folders, and the machine. All other keys are the upstream's own, so a sweep shares one upstream.
ASKED = (
    "backbone", "image_size_px", "resize", "phantom", "data_root", "output_root", "cache_root",
    "num_workers", "audit",
)  # fmt: skip
MACHINE = ("accelerator", "devices", "strategy", "precision", "deterministic", "benchmark")
# The keys that decide the parts of a run's images, and its draw with `sample_size`
PARTED = (
    "dataset", "phantom", "output_root", "split", "image_size_px", "resize", "cache_root", "without"
)  # fmt: skip


def asked(config: dict[str, Any], without: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """These keys of a resolved config, the name of the chosen backbone, and the draws `without`."""
    return {
        **{key: config[key] for key in ASKED},
        "trainer": {key: config["trainer"][key] for key in MACHINE},
        "choices": {"backbone": config["choices"].get("backbone")},
        "without": [*without],
    }


def draw_of(config: dict[str, Any], apart: str) -> dict[str, Any]:
    """What decides the draw of a resolved config, for the key `without` of another run.

    With `apart` "test" it decides the test part, so all sizes and repeats of a sweep have the same.
    """
    keys = [*PARTED, *(["sample_size"] if apart == "all" else [])]
    return {
        "apart": apart,
        "choices": {"dataset": config["choices"].get("dataset")},
        "audit": {"drop": config["audit"]["drop"]},
        **{key: config[key] for key in keys},
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


@runtime_checkable
class LeavesOut(Protocol):
    """A source that may be trained on the data set of the run; it must not see its patients."""

    def leaves_out(self, config: dict[str, Any]) -> list[dict[str, Any]]:
        """The draws whose patients the source must not see, for the run of a resolved `config`.

        Each as of `draw_of`; none where the source is trained on other data sets, so that a sweep
        resolves it once. They are the key `without` of what the source is asked with.
        """
