"""Makes stand_in.py importable, and pages without pictures."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def unpainted(monkeypatch):
    """PNGs stay empty: painting them is half of a page's time, and the SVGs show the same."""
    monkeypatch.setattr("medsmall.page.sections.picture", lambda figure, kind: b"")


@pytest.fixture
def undrawn(unpainted, monkeypatch):
    """No figure is drawn at all, for tests that read the words of a page."""
    monkeypatch.setattr("medsmall.page.sections.drawn_svg", lambda figure: '<svg width="1pt">')
