import pytest


@pytest.fixture
def figures():
    """For the tests that look at the figures: drawing takes longest."""
    pytest.importorskip("matplotlib")


@pytest.fixture(autouse=True)
def _without_figures(request, monkeypatch):
    if "figures" not in request.fixturenames:
        monkeypatch.setattr("medsmall.report.files.draw", lambda *figure: [])
        monkeypatch.setattr("medsmall.report.files.write_page", lambda *page: [])
        monkeypatch.setattr("medsmall.report.files.page_of", lambda *asked: None)
