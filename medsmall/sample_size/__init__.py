"""The label budget: the labelled images of the split that a run may use.

A draw is the beginning of one random order of the pool. So draws are nested (n=50 is inside n=100)
within a seed and repeat, and equal for all strategies and pretraining sources: comparisons are
paired. The order of the table's rows has no effect. Images whose targets are all unknown are left
out. `n` counts train images; validation takes labels too, by default a quarter as many. The test
part is always complete: a budget limits training, not scoring.
"""

from typing import Protocol

import pandas as pd

from medsmall.sample_size.pools import (
    LABELLED,
    Pools,
    drawn_share,
    labels_used,
    notices_of,
    pools_of,
)

__all__ = [
    "LABELLED",
    "Pools",
    "SampleSize",
    "drawn_share",
    "labels_used",
    "notices_of",
    "pools_of",
]


class SampleSize(Protocol):
    """Made from conf/sample_size/<name>.yaml."""

    def draw(self, pools: Pools) -> pd.DataFrame:
        """One row per image of the run, in the order train, val, test.

        Columns `image`, `patient`, `part` ("train", "val", "test") and the targets (NaN unknown).
        An image drawn twice has two rows. Raises MedsmallError where the pools are too small.
        """
