"""The script that kills runs and flips bytes."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_neither_a_kill_nor_a_flip_changes_a_number_silently():
    script = Path(__file__).parents[1] / "scripts" / "faults.py"
    arguments = ["--kills", "1", "--flips", "1", "--seed", "3"]
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kills and 1 flips" in done.stdout.splitlines()[-1]
