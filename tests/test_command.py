"""How commands end."""

import signal
import subprocess
import sys
import time

SLEEPS = """
import sys, time
from pathlib import Path
from medsmall.command import as_command

def work(cfg):
    folder = Path(cfg.output_root)
    (folder / "begun").touch()
    try:
        time.sleep(60)
    finally:
        (folder / "begun").unlink()

sys.argv = ["test", f"output_root={sys.argv[1]}"]
as_command(work)()
"""


def test_a_termination_outside_the_training_cleans_up_and_says_so(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPS, str(tmp_path)], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert said.startswith("Interrupted: nothing of the run was kept")
    assert not (tmp_path / "begun").exists()
