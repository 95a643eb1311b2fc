"""A small run, composed as the command line would, on phantoms written once per session."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medsmall.configs import compose
from medsmall.dataset import opening
from medsmall.page import palette
from medsmall.quiet import quieten

sys.path.insert(0, str(Path(__file__).parent))  # for small_run.py, fitting.py, ..., also in workers

from composed_once import compose_once
from datasets import made
from made_films import textures
from phantoms_once import drawn_once
from small_run import HERNIA

compose_once()

PATIENTS = {"chestxray14": 120, "chexpert": 100}  # of the phantoms below; others have 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, in the same order in each process."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def _phantoms_drawn_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("phantoms")
        if "PYTEST_XDIST_WORKER" in os.environ:  # all processes share one
            folder = tmp_path_factory.getbasetemp().parent / "phantoms"
        patch.setattr(opening, "phantom_root", drawn_once(folder))
        yield


@pytest.fixture(autouse=True)
def _without_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longest, and of a PDF its fonts: reports have no figures unless asked for."""
    if "true_pdfs" not in request.fixturenames:
        monkeypatch.setattr(palette, "PDF_FONTS", 3)
    if "figures" not in request.fixturenames:
        monkeypatch.setattr("medsmall.report.files.pictures", lambda found: {})
        monkeypatch.setattr("medsmall.report.files._page", lambda *asked: {})


@pytest.fixture
def figures() -> None:
    """For the tests that look at the page or the figures of a report."""
    pytest.importorskip("matplotlib")


@pytest.fixture
def true_pdfs() -> None:
    """For the tests of the fonts in a PDF."""


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="session")
def train_small(outputs: Path) -> Callable[..., Path]:
    """Train HERNIA with more overrides; gives the record's folder."""
    quieten()

    def run(*overrides: str, base: list[str] = HERNIA, output_root: Path = outputs) -> Path:
        from medsmall.train import train

        return train(compose([*base, *overrides, f"output_root={output_root}"])).folder

    return run


@pytest.fixture
def commanded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """A command in this process and in an empty folder: (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEDSMALL_CONF", raising=False)

    def run(command: Callable[[], None], *words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["medsmall", *words])
        capsys.readouterr()
        status = 0
        try:
            command()
        except SystemExit as ended:
            status = int(ended.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real samples, where there is one."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MEDSMALL_DATA", beside))
    if not folder.is_dir():
        pytest.skip("no real samples: set MEDSMALL_DATA")
    return folder.absolute()


class Phantoms(dict):
    """Option or class -> root of its generated release, written when first asked for; read only."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def __missing__(self, key: Any) -> Path:
        option = key if isinstance(key, str) else key.name
        if option not in self:
            root = self.folder / option
            root.mkdir()
            made(option, root).write_phantom(root, PATIENTS.get(option, 60), 0)
            self[option] = root
        self[key] = self[option]
        return self[key]


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Phantoms:
    return Phantoms(tmp_path_factory.mktemp("releases"))


@pytest.fixture(scope="session")
def films() -> np.ndarray:
    """Films made in memory."""
    return textures(120, 96, seed=1)
