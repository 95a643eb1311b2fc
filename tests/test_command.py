"""How commands end, and what a terminal shows of them."""

import errno
import io
import signal
import subprocess
import sys
import time

import pytest
from rich.table import Table
from small_run import heeds_signals

from medsmall.command import mendable
from medsmall.terminal import console, show_what_can_be

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
as_command(work, "", "")()
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_termination_outside_the_training_cleans_up_and_says_so(tmp_path, name):
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPS, str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_signals,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert said.startswith("Interrupted: the unfinished run was not kept")
    assert not (tmp_path / "begun").exists()


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii", "utf-8"])
def test_a_table_is_shown_in_what_the_terminal_has(monkeypatch, encoding):
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding))
    show_what_can_be()
    table = Table("n⁺", "é")
    table.add_row("– …", "心")
    console.print(table)
    sys.stdout.flush()
    text = shown.getvalue().decode(encoding)
    assert ("n⁺" in text) == ("┃" in text) == ("心" in text) == (encoding == "utf-8")
    assert "n+" in text or encoding == "utf-8"


def test_a_file_that_may_not_grow_is_told_with_the_remedy():
    said = mendable(OSError(errno.EFBIG, "File too large"))
    assert said == "A file would exceed the size limit: raise ulimit -f."
