"""The record: whole or not at all, DONE last, one process at a time."""

import json
import shutil
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest

from medsmall.atomic import write_whole
from medsmall.errors import MedsmallError
from medsmall.record import Record
from medsmall.record.record import SCHEMA, WRITTEN


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


DRAW = pd.DataFrame(
    {
        "image": ["a.png", "b,ä.png", "007"],
        "patient": ["NA", "null", "001"],
        "part": ["train", "val", "test"],
        "Hernia": [1.0, np.nan, 0.0],
    }
)
HISTORY = pd.DataFrame({"epoch": [1, 2], "val_loss": [0.5, 0.25]})
FACTS = {
    "name": "a", "task": "binary", "unit": "image", "audit": [], "upstream": None,
    "weights_sha256": "0", "val": {}, "test": {}, "schema": SCHEMA, "dataset": "chexpert",
}  # fmt: skip
FILES = {
    "metrics.json": lambda record: record.metrics,
    "draw.csv": lambda record: record.draw,
    "history.csv": lambda record: record.history,
    "seen.npz": lambda record: record.seen,
}
REMEDY = "Delete the folder, and the same command makes it again."


@pytest.fixture
def finished(tmp_path):
    """The folder of a finished record with all files that are read."""

    def finish(key="abc", **facts):
        record = Record.of(str(tmp_path), key)
        with record.writing():
            record.write_json("metrics.json", {**FACTS, **facts})
            record.write_csv("draw.csv", DRAW)
            record.write_csv("history.csv", HISTORY)
            record.write("seen.npz", lambda path: np.savez_compressed(path, images=np.array(["a"])))
        record.write_text("DONE", "")  # as of old: what readers say is seen, not what checks say
        return record.folder

    return finish


def refused(read, *arguments):
    """What the MedsmallError says, on one line."""
    with pytest.raises(MedsmallError) as error:
        read(*arguments)
    sentence = str(error.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_a_finished_record_is_opened_and_its_files_are_read(finished):
    folder = finished()
    for given in (folder, str(folder)):
        record = Record.open(given)
        assert (record.folder, record.key, record.done) == (folder, "abc", True)
        assert record.metrics == FACTS
        pd.testing.assert_frame_equal(record.draw, DRAW)
        pd.testing.assert_frame_equal(record.history, HISTORY)
        assert record.seen["images"].tolist() == ["a"]
        assert record.model == folder / "model.safetensors"
        assert record.upstream is None


def test_names_in_a_draw_stay_text_though_all_are_numbers_or_words_for_nothing(tmp_path):
    draw = pd.DataFrame(
        {"image": ["007", "1e5"], "patient": ["001", "2"], "part": ["train", "val"], "a": [0.1, 1]}
    )
    for names in (["001", "2"], ["NA", "null"]):
        record = Record.of(str(tmp_path), names[0])
        with record.writing():
            record.write_csv("draw.csv", draw.assign(patient=names))
        pd.testing.assert_frame_equal(record.draw, draw.assign(patient=names))


def test_a_relative_folder_or_one_at_home_is_opened(finished, tmp_path, monkeypatch):
    folder = finished()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for given in ("runs/abc", "~/runs/abc"):
        assert Record.open(given).folder == folder


def test_an_absent_folder_is_named(tmp_path):
    sentence = refused(Record.open, tmp_path / "abc")
    assert sentence.startswith(f"There is no record {tmp_path / 'abc'}: name")


def test_an_unfinished_run_is_named(finished):
    folder = finished()
    (folder / "DONE").unlink()
    sentence = refused(Record.open, folder)
    assert sentence.startswith(f"{folder} holds an unfinished run")
    assert "DONE" in sentence


def test_a_record_whose_done_was_emptied_is_damaged_and_an_older_one_is_not(finished):
    record = Record(finished())
    record.write_text("DONE", "")
    with pytest.raises(MedsmallError, match="DONE is empty"):
        record.check()
    older = Record(finished(schema=2))
    older.write_text("DONE", "")
    older.check()


@pytest.mark.parametrize("schema", [SCHEMA + 1, 99, "2b", None, 2.5])
def test_the_schema_of_a_newer_version_is_refused(finished, schema):
    folder = finished(schema=schema)
    sentence = refused(Record.open, folder)
    assert sentence.startswith(f"{folder} was recorded by a newer medsmall (schema {schema},")
    assert sentence.endswith("update medsmall.")


def test_a_record_of_before_schemas_still_opens(finished):
    folder = finished()
    facts = {"dataset": "chexpert", "upstream": None, "weights_sha256": "0" * 64}
    (folder / "metrics.json").write_text(json.dumps(facts))
    (folder / "seen.npz").unlink()
    record = Record.open(folder)
    assert record.metrics == facts
    assert record.upstream is None
    assert record.seen is None
    pd.testing.assert_frame_equal(record.draw, DRAW)


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


def turn_into_folder(path):
    path.unlink()
    path.mkdir()


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "no text": lambda path: path.write_bytes(bytes(range(256))),
    "not closed": lambda path: path.write_bytes(b'{"a": "b\n"c","d'),
    "cut off": cut,
    "a folder": turn_into_folder,
}


# a table without its end is a table, and a record without seen.npz is of an older version
UNSEEN = {("draw.csv", "cut off"), ("history.csv", "cut off"), ("seen.npz", "a folder")}


@pytest.mark.parametrize(
    ("name", "damage"),
    [(name, damage) for name in FILES for damage in DAMAGES if (name, damage) not in UNSEEN],
)
def test_a_damaged_file_is_named_with_the_remedy(finished, name, damage):
    folder = finished()
    record = Record.open(folder)
    DAMAGES[damage](folder / name)
    sentence = refused(FILES[name], record)
    assert f"{folder} is damaged: {name} cannot be read" in sentence
    assert REMEDY in sentence


@pytest.mark.parametrize("name", [name for name in FILES if name != "seen.npz"])
def test_an_absent_file_is_named_with_the_remedy(finished, name):
    folder = finished()
    record = Record.open(folder)
    (folder / name).unlink()
    sentence = refused(FILES[name], record)
    assert f"{folder} is damaged: {name} is absent" in sentence
    assert REMEDY in sentence


@pytest.mark.parametrize("content", [None, b"", b"[", b"[1, 2]", b"7", b'"text"', b"\xff"])
def test_a_record_with_damaged_metrics_is_not_opened(finished, content):
    folder = finished()
    (folder / "metrics.json").unlink()
    if content is not None:
        (folder / "metrics.json").write_bytes(content)
    sentence = refused(Record.open, folder)
    assert f"{folder} is damaged: metrics.json" in sentence
    assert REMEDY in sentence


def test_seen_is_read_without_executing_anything(finished, tmp_path):
    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    folder = finished()
    np.savez(folder / "seen.npz", images=np.array([Harm()], dtype=object))
    assert "seen.npz cannot be read" in refused(FILES["seen.npz"], Record.open(folder))
    assert not (tmp_path / "harm").exists()


def test_history_reads_back_exactly_the_floats_written(tmp_path):
    rng = np.random.default_rng(0)
    anything = rng.integers(0, 2**64, 2000, dtype=np.uint64).view(np.float64)
    anything = anything[np.isfinite(anything)]
    values = np.r_[anything, rng.random(2000), 5e-324, 0.1 + 0.2, -0.0, 1e23, np.nan]
    table = pd.DataFrame({"epoch": range(1, len(values) + 1), "val_loss": values})
    record = Record.of(str(tmp_path), "abc")
    with record.writing():
        record.write_csv("history.csv", table)
    back = record.history
    assert back["epoch"].tolist() == table["epoch"].tolist()
    found = back["val_loss"].to_numpy()
    assert np.isnan(found[-1])
    np.testing.assert_array_equal(found[:-1].view(np.uint64), values[:-1].view(np.uint64))


def test_the_upstream_is_found_beside_and_elsewhere_and_may_be_gone(finished, tmp_path):
    finished("first")
    second = Record.open(finished("second", upstream="../first"))
    assert second.upstream.folder == tmp_path / "runs" / "first"
    assert second.upstream.done
    third = Record.open(finished("third", upstream="../../elsewhere/runs/gone"))
    assert third.upstream.folder == tmp_path / "elsewhere" / "runs" / "gone"
    assert not third.upstream.done


@pytest.mark.parametrize("name", ["draw.csv", "history.csv"])
def test_a_table_without_its_columns_is_damaged(finished, name):
    folder = finished()
    (folder / name).write_text("something,else\n1,2\n")
    record = Record.open(folder)
    sentence = refused(getattr, record, name.removesuffix(".csv"))
    assert name in sentence
    assert "Delete the folder" in sentence


@pytest.mark.parametrize("key", WRITTEN)
def test_metrics_without_what_every_run_writes_are_damaged(finished, key):
    folder = finished()
    facts = {name: value for name, value in FACTS.items() if name != key}
    (folder / "metrics.json").write_text(json.dumps(facts))
    assert f"metrics.json lacks {key}. {REMEDY}" in refused(Record.open, folder)


def checked(tmp_path):
    record = Record.of(str(tmp_path), "abc")
    with record.writing():
        for name in ("a.txt", "metrics.json", "model.safetensors", "of a learner,  é.bin"):
            record.write_text(name, name)
    return record


def test_done_holds_what_sha256sum_checks(tmp_path):
    record = checked(tmp_path)
    record.check()
    done = subprocess.run(["sha256sum", "--check", "DONE"], cwd=record.folder, capture_output=True)
    assert done.returncode == 0
    assert done.stdout.count(b": OK") == 4


def test_a_file_that_was_changed_is_damage_and_a_large_one_when_it_is_used(tmp_path):
    record = checked(tmp_path)
    (record.folder / "model.safetensors").write_text("another")
    record.check()
    assert "model.safetensors has changed" in refused(record.check, "model.safetensors")
    (record.folder / "a.txt").write_text("another")
    assert f"a.txt has changed since it was written (sha256). {REMEDY}" in refused(record.check)
    (record.folder / "a.txt").unlink()
    assert "a.txt is absent" in refused(record.check)
    (record.folder / "model.safetensors").unlink()
    assert "model.safetensors is absent" in refused(record.check, "model.safetensors")


@pytest.mark.parametrize(
    "content", [b"x", b"\xff", b"0  a.txt\n", b"one two three\n", b"0" * 64 + b"  a\x0b.txt"]
)
def test_a_done_of_something_else_is_damage(tmp_path, content):
    record = checked(tmp_path)
    (record.folder / "DONE").write_bytes(content)
    assert REMEDY in refused(record.check)
    assert REMEDY in refused(getattr, record, "metrics")


def test_a_record_of_an_older_version_is_not_checked(tmp_path):
    record = checked(tmp_path)
    (record.folder / "DONE").write_text("")
    (record.folder / "a.txt").write_text("another")
    record.check()
    record.check("a.txt")


def test_classes_named_like_numbers_keep_their_names(tmp_path):
    record = Record.of(str(tmp_path), "abc")
    with record.writing():
        record.write_json("metrics.json", {"dataset": "mine", "task": "multiclass"})
        record.write_text("predictions.csv", "image,patient,01,02,predicted\na.png,p,1,0,02\n")
    assert record.predictions["predicted"].tolist() == ["02"]


def test_a_record_copied_under_another_key_is_refused(train_small, outputs):
    from small_run import HERNIA

    from medsmall.configs import compose
    from medsmall.resolve import resolve
    from medsmall.train import execute

    folder = train_small()
    case = resolve(compose([*HERNIA, "seed=404", f"output_root={outputs}"]))
    shutil.copytree(folder, case.record.folder)
    with pytest.raises(MedsmallError, match=rf"metrics.json is that of the run {folder.name}"):
        execute(case)
    shutil.rmtree(case.record.folder)
