"""The readable images of a data set, and their rows in the same order."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from omegaconf import DictConfig

from medsmall.cache import prepare
from medsmall.dataset import Dataset

if TYPE_CHECKING:
    from medsmall.cache import Prepared


def readable(
    cfg: DictConfig, dataset: Dataset, table: pd.DataFrame, unreadable: dict[str, str]
) -> "tuple[Prepared, pd.DataFrame]":
    """All images of `table` as prepared for `cfg`, and the row of each, with a RangeIndex.

    Unreadable images are left out and noted in `unreadable` (image -> sentence).
    """
    images = list(dict.fromkeys(table["image"]))
    cache = Path(cfg.cache_root).expanduser().absolute()
    side, resize = cfg.image_size_px, cfg.resize
    prepared = prepare(dataset, images, side, cache, unreadable, resize=resize)
    rows = table.drop_duplicates("image").set_index("image", drop=False).loc[prepared.images]
    return prepared, rows.reset_index(drop=True)
