"""The record: whole or not at all, DONE last, one process at a time."""

import json
import subprocess
import sys
import threading

import pandas as pd
import pytest

from medsmall.atomic import write_whole
from medsmall.record import Record


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


def test_done_is_written_last(tmp_path):
    record = Record.of(str(tmp_path), "abc")
    assert record.folder == tmp_path / "runs" / "abc"
    with record.writing() as unmade:
        assert unmade
        record.write_text("a.txt", "text")
        assert not record.done
        assert entries(record.folder) == ["a.txt"]
    assert record.done
    assert entries(record.folder) == ["DONE", "a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_body_that_fails_leaves_nothing(tmp_path, error):
    record = Record.of(str(tmp_path), "abc")

    def fail():
        with record.writing():
            record.write_text("a.txt", "text")
            raise error

    with pytest.raises(error):
        fail()
    assert not record.folder.exists()
    assert not record.done
    with record.writing() as unmade:  # and the next try is free to go
        assert unmade
    assert record.done


def test_what_a_killed_run_left_is_emptied(tmp_path):
    record = Record.of(str(tmp_path), "abc")
    (record.folder / "checkpoint").mkdir(parents=True)
    (record.folder / "checkpoint" / "chosen.ckpt").write_text("half")
    (record.folder / "history.csv").write_text("half")
    assert not record.done
    with record.writing() as unmade:
        assert unmade
        assert entries(record.folder) == []


def test_a_finished_record_is_left_alone(tmp_path):
    record = Record.of(str(tmp_path), "abc")
    with record.writing():
        record.write_text("a.txt", "first")
    with Record.of(str(tmp_path), "abc").writing() as unmade:
        assert not unmade
    assert (record.folder / "a.txt").read_text() == "first"


HOLDER = """
import sys, time
from medsmall.record import Record
record = Record.of(sys.argv[1], "abc")
with record.writing() as unmade:
    print(unmade, flush=True)
    sys.stdin.readline()
    record.write_text("made_by.txt", "the first")
"""


@pytest.mark.parametrize("first", ["finishes", "is killed"])
def test_a_second_process_waits_and_finds_it_done_or_takes_over(tmp_path, first):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "True\n"
    second = Record.of(str(tmp_path), "abc")
    found = []

    def try_too():
        with second.writing() as unmade:
            found.append(unmade)

    thread = threading.Thread(target=try_too)
    thread.start()
    thread.join(timeout=0.5)
    assert thread.is_alive()  # it waits
    if first == "finishes":
        holder.communicate("\n", timeout=60)
    else:
        holder.kill()
        holder.communicate(timeout=60)
    thread.join(timeout=60)
    assert found == [first == "is killed"]
    assert second.done
    assert (second.folder / "made_by.txt").exists() == (first == "finishes")


def test_records_of_other_keys_do_not_wait(tmp_path):
    with (
        Record.of(str(tmp_path), "abc").writing(),
        Record.of(str(tmp_path), "def").writing() as unmade,
    ):
        assert unmade


def test_a_failing_writer_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.csv"
    write_whole(path, lambda p: p.write_text("old"))

    def fail(temporary):
        temporary.write_text("half of the n")
        assert path.read_text() == "old"  # readers see the old one meanwhile
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, fail)
    assert path.read_text() == "old"
    assert entries(tmp_path) == ["a.csv"]
    write_whole(path, lambda p: p.write_text("new"))
    assert path.read_text() == "new"
    assert entries(tmp_path) == ["a.csv"]


def test_the_temporary_file_keeps_the_ending(tmp_path):
    seen = []
    write_whole(tmp_path / "a.csv.gz", lambda p: (seen.append(p.name), p.write_text("")))
    assert seen[0].endswith("a.csv.gz")
    assert seen[0] != "a.csv.gz"


def test_floats_come_back_from_csv_as_they_went(tmp_path):
    record = Record.of(str(tmp_path), "abc")
    table = pd.DataFrame({"p": [0.1 + 0.2, 1 / 3, 1e-300, float("nan")], "s": ["ä,", '"', "", "x"]})
    with record.writing():
        record.write_csv("a.csv", table)
    back = pd.read_csv(record.folder / "a.csv", keep_default_na=False, na_values={"p": ""},
                       float_precision="round_trip")  # fmt: skip
    pd.testing.assert_frame_equal(back, table, check_exact=True)


def test_json_is_written_whole_and_nan_is_refused(tmp_path):
    record = Record.of(str(tmp_path), "abc")
    with record.writing():
        record.write_json("a.json", {"a": [1, None, 0.1], "b": "ä"})
        with pytest.raises(ValueError, match="JSON compliant"):
            record.write_json("b.json", {"a": float("nan")})
    text = (record.folder / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"a": [1, None, 0.1], "b": "ä"}
    assert entries(record.folder) == ["DONE", "a.json"]


def test_an_output_root_may_begin_at_home_or_be_relative(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert Record.of("~/out", "k").folder == tmp_path / "out" / "runs" / "k"
    assert Record.of("out", "k").folder == tmp_path / "out" / "runs" / "k"
