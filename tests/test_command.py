"""How commands end, and what a terminal shows of them."""

import errno
import io
import os
import signal
import sys
import time

import pytest
from rich.table import Table

from medsmall.command import as_command, mendable
from medsmall.terminal import console, show_what_can_be

SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]


@pytest.fixture
def hearing():
    """Signals reach a command as in a new process; those that it does not hear end no tests."""
    kept = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_termination_outside_the_training_cleans_up_and_says_so(
    tmp_path, monkeypatch, capsys, hearing, number
):
    begun = tmp_path / "begun"

    def work(cfg):
        begun.touch()
        try:
            os.kill(os.getpid(), number)
            time.sleep(1)
        finally:
            begun.unlink()

    monkeypatch.setattr(sys, "argv", ["test", f"output_root={tmp_path}"])
    with pytest.raises(SystemExit) as ended:
        as_command(work, "", "")()
    assert ended.value.code == 130
    assert capsys.readouterr().err.startswith("Interrupted: the unfinished run was not kept")
    assert not begun.exists()


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
