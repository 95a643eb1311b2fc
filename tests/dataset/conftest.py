"""Generated releases, one per data set and session."""

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
