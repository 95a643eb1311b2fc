"""A sweep that was killed, and started again, ends as if nothing had happened."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from one_thread import one_thread

from medsmall.train import main

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
def test_a_killed_sweep_of_two_workers_ends_with_the_same_records(
    script, tmp_path, monkeypatch, capfd
):
    """Two workers that need one upstream, killed once a cell is complete; then the same command.

    That, and the undisturbed sweep, run in this process, as each start takes seconds.
    """
    few = [word for word in script.SWEEP if not word.startswith(("sample_size.n=", "trainer.max_"))]
    monkeypatch.setattr(script, "SWEEP", [*few, "sample_size.n=8", "trainer.max_epochs=2"])
    monkeypatch.chdir(tmp_path)

    def here(root):
        monkeypatch.setattr(sys, "argv", ["train", "-m", *script.SWEEP, f"output_root={root}"])
        with one_thread():
            main()

    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    complete = script.killed(killed, "cores", lambda root: len(script.results(root)) >= 2)
    assert 2 <= complete < 5
    here(killed)
    assert "4 of 4 cells done" in capfd.readouterr().err
    assert not script.leftovers(killed)

    here(undisturbed)
    expected = script.results(undisturbed)
    assert len(expected) == 5
    assert script.results(killed) == expected
    for run in expected:
        assert json.loads((killed / "runs" / run / "environment.json").read_text())["threads"] == 1
