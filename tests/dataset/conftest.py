"""Generated releases, one per data set and session, and the real samples where there are any."""

import os
from pathlib import Path

import pytest

from medsmall.dataset.chestxray14 import ChestXray14
from medsmall.dataset.chexpert import CheXpert
from medsmall.dataset.mura import Mura
from medsmall.dataset.pneumoniamnist import PneumoniaMNIST

PATIENTS = {ChestXray14: 120, CheXpert: 100, Mura: 60, PneumoniaMNIST: 60}


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory) -> dict[type, Path]:
    """Class -> root of its generated release; read only."""
    roots = {}
    for dataset, patients in PATIENTS.items():
        roots[dataset] = tmp_path_factory.mktemp(dataset.name)
        dataset.write_phantom(roots[dataset], patients, 0)
    return roots


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real samples: MEDSMALL_DATA, else beside the checkout."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("MEDSMALL_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real samples in {folder} (set MEDSMALL_DATA)")
    return folder
