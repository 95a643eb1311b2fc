"""A sweep that was killed, and started again, ends as if nothing had happened."""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "kill_sweeps.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("kill_sweeps", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_killed_sweep_and_two_at_once_end_with_the_same_records(script, tmp_path, monkeypatch):
    """Two workers that need one upstream, killed once two cells are complete; and two sweeps.

    Each start takes seconds, so the one goes on without workers, and both are compared with each
    other: a cell on cores has the bytes of one alone.
    """
    few = [word for word in script.SWEEP if not word.startswith("sample_size.n=")]
    monkeypatch.setattr(script, "SWEEP", [*few, "sample_size.n=8,10"])
    killed, shared = tmp_path / "killed", tmp_path / "shared"
    complete = script.killed(killed, "cores", lambda root: len(script.results(root)) >= 3)
    assert 3 <= complete < 9
    assert script.start(killed, "basic").wait() == 0, killed.with_suffix(".log").read_text()
    assert len(script.results(killed)) == 9
    for run in killed.glob("runs/*"):
        assert json.loads((run / "environment.json").read_text())["threads"] == 1
    assert not script.leftovers(killed)

    both = [script.start(shared, "basic") for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0], shared.with_suffix(".log").read_text()
    assert script.results(shared) == script.results(killed)
    assert not script.leftovers(shared)
    assert "8 of 8 cells done" in shared.with_suffix(".log").read_text()
