import pytest


@pytest.fixture
def figures():
    """For the tests that look at the figures: drawing takes longest."""
    pytest.importorskip("matplotlib")


@pytest.fixture(autouse=True)
def _without_figures(request, monkeypatch):
    if "figures" not in request.fixturenames:
        monkeypatch.setattr("medsmall.report.__main__.draw", lambda *figure: [])
        monkeypatch.setattr("medsmall.report.__main__.write_page", lambda *page: None)
        monkeypatch.setattr("medsmall.report.__main__.page_of", lambda *asked: None)
