"""The images of a recorded run as squares, where its data set is here."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from medsmall.cache import Resize, prepare
from medsmall.configs import literal
from medsmall.dataset.opening import open_dataset
from medsmall.errors import MedsmallError
from medsmall.record import Record


class Images:
    """The prepared images `names` of a run; MedsmallError where they are absent or have changed."""

    def __init__(self, record: Record, names: Sequence[str]) -> None:
        cfg = OmegaConf.create(literal(record.config))
        side, cache = int(cfg.image_size_px), Path(cfg.cache_root)
        dataset = open_dataset(cfg)
        wanted = list(dict.fromkeys(names))
        self.prepared = prepare(dataset, wanted, side, cache, resize=cast(Resize, cfg.resize))
        self.prepared.check()
        self._refuse_changed(record)

    def squares(self, names: Sequence[str]) -> list[np.ndarray]:
        """uint8 (S, S, C) each."""
        rows = pd.Index(self.prepared.images).get_indexer(pd.Index(names)).tolist()
        return [self.prepared.pixels(row) for row in rows]

    def _refuse_changed(self, record: Record) -> None:
        seen = record.seen
        if seen is None:
            return
        rows = pd.Index(seen["images"]).get_indexer(pd.Index(self.prepared.images))
        known = rows >= 0
        if (seen["digests"][rows[known]] != self.prepared.digests[known]).any():
            raise MedsmallError(
                f"The images of {record.metrics['dataset']} have changed since the run "
                f"{record.key}: it cannot be scored again. Train it anew."
            )


def made_up(side: int, count: int) -> list[np.ndarray]:
    """Squares (side, side, 1) of noise at several scales, where no image is here."""
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        edge = max(2, side >> (seed % 5))
        noise = rng.integers(0, 256, (edge, edge), dtype=np.uint8)
        times = -(-side // edge)
        found.append(noise.repeat(times, 0).repeat(times, 1)[:side, :side, None])
    return found
