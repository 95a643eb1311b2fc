"""Films made in memory, once per session."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for made_films.py

from made_films import textures


@pytest.fixture(scope="session")
def films() -> np.ndarray:
    return textures(120, 96, seed=1)
