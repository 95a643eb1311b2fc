"""Prepared images out of an array."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from medsmall.cache import Prepared
from medsmall.cache.fingerprint import digest
from medsmall.cache.index import Entry


def prepared_of(pixels: np.ndarray, draw: pd.DataFrame) -> Prepared:
    """The uint8 (M, side, side, C) `pixels` of the images of `draw`, in order of appearance."""
    array = np.asarray(pixels)
    with tempfile.NamedTemporaryFile(suffix=".u8", delete=False) as file:
        file.write(array.tobytes())
    side, channels = array.shape[1], array.shape[3]
    size = side * side * channels
    names = list(draw["image"].unique())
    entries = [
        Entry(name, i * size, channels, 0, 0, side, side, digest(array[i]), bytes(32))
        for i, name in enumerate(names)
    ]
    return Prepared(Path(file.name), side, entries, "squash")
