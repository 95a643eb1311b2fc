"""The images of a run before their pixels are known."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from omegaconf import DictConfig

from medsmall.labelled import Labelled
from medsmall.parts import Parts


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a config draws.

    Attributes:
        cfg: the composed config, with what was auto chosen.
        config: the same, checked and resolved.
        parts: made from it.
        data: what the draw is taken from.
        draw: see `medsmall.sample_size.SampleSize`.
        notices: what is worth knowing, one sentence each.
        decided_by: what decides `draw` and its pixels, as a key for `Once`.
    """

    cfg: DictConfig
    config: dict[str, Any]
    parts: Parts
    data: Labelled
    draw: pd.DataFrame
    notices: list[str]
    decided_by: dict[str, Any]
