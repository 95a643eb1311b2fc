"""Sample tables made of numbers alone."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for deviation.py, also in workers


def random_table(patients=100, images=300, prevalence=0.3, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "image": [f"{i:06}.png" for i in range(images)],
            "patient": [f"p{p:05}" for p in rng.integers(patients, size=images)],
            "split": "",
            "Hernia": (rng.random(images) < prevalence).astype(float),
        }
    )


def uneven_table(patients=200, targets=8, tail=1.2, unknown=0.0, seed=0) -> pd.DataFrame:
    """Patients with 1 to 150 images (a Pareto tail); the labels T0, T1, ... cluster in patients."""
    rng = np.random.default_rng(seed)
    number = np.clip(rng.pareto(tail, patients) * 3, 1, 150).astype(int)
    patient = np.repeat(np.arange(patients), number)
    prevalence = rng.uniform(0.02, 0.4, targets)
    own = rng.beta(prevalence * 1.5, (1 - prevalence) * 1.5, (patients, targets))
    labels = (rng.random((len(patient), targets)) < own[patient]).astype(float)
    labels[rng.random(labels.shape) < unknown] = np.nan
    table = pd.DataFrame(labels, columns=[f"T{i}" for i in range(targets)])
    table.insert(0, "patient", [f"p{p:05}" for p in patient])
    table.insert(0, "image", [f"{i:06}.png" for i in range(len(table))])
    return table


@pytest.fixture(scope="session")
def make_table() -> Callable[..., pd.DataFrame]:
    return random_table


@pytest.fixture(scope="session")
def make_uneven() -> Callable[..., pd.DataFrame]:
    return uneven_table


@pytest.fixture
def official_table() -> pd.DataFrame:
    table = random_table()
    table["split"] = np.where(table["patient"] < "p00080", "train_val", "test")
    return table
