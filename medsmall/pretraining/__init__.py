"""Where the initial weights come from: one file per source."""

from collections.abc import Callable
from typing import Protocol

from omegaconf import DictConfig

from medsmall.case import Case, Source

__all__ = ["ASKED", "Pretraining"]

# What a source may know of the run that asks, and what an upstream shares with it: the network and
# its input, where things lie, and the machine. All else is its own: a sweep finds one upstream.
ASKED = (
    "backbone", "image_size_px", "phantom", "data_root", "output_root", "cache_root",
    "num_workers", "audit", "trainer",
)  # fmt: skip


class Pretraining(Protocol):
    """Made from conf/pretraining/<name>.yaml."""

    def source(self, cfg: DictConfig, resolve: Callable[[DictConfig], Case]) -> Source:
        """The identity of the weights, without loading, fetching or training any.

        `cfg` is the config of the run that asks, of which only ASKED and the chosen backbone's name
        count. A source that is itself a run gives that run's `resolve`d config as `upstream`.
        """
