"""Odd words, damaged records and odd sweeps: named, left out or refused, never a wrong number."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from made_records import config_of, folds, sweep, write_record

from medsmall.errors import MedsmallError
from medsmall.record import Record, checksums
from medsmall.report.__main__ import of_sweep, report
from medsmall.report.asked import Asked
from medsmall.sweep.folder import Cell, SweepFolder
from medsmall.task import Task


def told(capsys, *words):
    capsys.readouterr()
    folder = report(Asked.of([str(word) for word in words]))
    said = capsys.readouterr()
    return said.out, said.err, json.loads((folder / "report.json").read_text())


def edited(record, **entries):
    """Entries of metrics.json changed by hand, and the record sealed again."""
    file = record.folder / "metrics.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | entries))
    (record.folder / "DONE").unlink()
    (record.folder / "DONE").write_text(checksums.of_folder(record.folder))


IMPOSSIBLE = [
    {"drawn_share": 2}, {"drawn_share": "0.5"}, {"drawn_share": None}, {"drawn_share": -1},
    {"drawn_share": float("nan")}, {"labels_used": 0}, {"labels_used": "63"}, {"labels_used": True},
    {"n_train": float("inf")}, {"identity": 3}, {"dataset": ["a"]}, {"val": {}},
    {"val": {"targets": {}}}, {"val": {"targets": {"Hernia": {"auroc": "x"}}}},
    {"val": {"targets": {"Hernia": {"auroc": float("nan")}}}},
]  # fmt: skip


@pytest.mark.parametrize("entries", IMPOSSIBLE, ids=str)
def test_an_impossible_entry_leaves_out_the_record_and_names_it(tmp_path, capsys, entries):
    first, *_ = sweep(tmp_path, {"none": 0.5}, (50,), repeats=3, test=80)
    edited(first, **entries)
    out, err, found = told(capsys, tmp_path)
    assert str(first.folder) in " ".join(err.split())
    assert len(found["records"]) == 2
    assert "2 recorded runs were scored" in out


def test_a_config_without_its_choices_is_left_out(tmp_path, capsys):
    first, *_ = sweep(tmp_path, {"none": 0.5}, (50,), repeats=3, test=80)
    config = first.folder / "config.yaml"
    config.write_text(re.sub(r"choices:\n(  .*\n)+", "choices: {}\n", config.read_text()))
    edited(first)
    _, err, found = told(capsys, tmp_path)
    assert first.key in err
    assert len(found["records"]) == 2


@pytest.mark.parametrize("damage", [b"x" * 20, b"", None])
def test_a_damaged_memory_is_made_again(tmp_path, capsys, damage):
    sweep(tmp_path, {"none": 0.5}, (50,), repeats=2, test=80)
    before = told(capsys, tmp_path)[2]
    memory = tmp_path / "report/known.npz"
    if damage is None:  # the right code, and nothing useful
        with np.load(memory) as kept:
            about = json.loads(kept["about"].tobytes())
            about["runs"] = {key: {} for key in about["runs"]}
            text = np.frombuffer(json.dumps(about).encode(), np.uint8)
            arrays = {"about": text, "influences": kept["influences"]}
        with memory.open("wb") as file:
            np.savez(file, **arrays)
    else:
        content = bytearray(memory.read_bytes())
        content[200 : 200 + len(damage)] = damage or b""
        memory.write_bytes(bytes(content) if damage else b"")
    assert told(capsys, tmp_path)[2]["scores"] == before["scores"]


def test_a_class_has_its_own_accuracy(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for repeat in range(2):
        y = np.eye(3)[rng.integers(0, 3, 90)]
        prob = np.abs(y + rng.normal(0, 0.7, y.shape)) + 0.01
        prob /= prob.sum(1, keepdims=True)
        config = config_of(
            "dataset=ham10000", f"sample_size.repeat={repeat}", "split=stratified",
            "sample_size=natural", "augmentation=none", "loss=cross_entropy",
        )  # fmt: skip
        write_record(
            Record.of(str(tmp_path), f"{repeat}" * 16), Task.MULTICLASS, ["a", "b", "c"],
            {"train": y, "val": y, "test": y}, {"val": prob, "test": prob}, config=config,
            dataset="ham10000",
        )  # fmt: skip
    every = told(capsys, tmp_path, "metric=accuracy")[2]["scores"][0]["mean"]
    one = told(capsys, tmp_path, "metric=accuracy", "target=a")[2]["scores"][0]["mean"]
    assert one > every


def test_other_sizes_than_images_are_called_what_they_are(tmp_path, capsys):
    records = sweep(tmp_path, {"none": 0.5, "imagenet": 0.9}, (50,), repeats=3, test=160)
    out, _, found = told(capsys, tmp_path, "along=seed")
    assert "At seed=42" in out
    assert "training images" not in out
    assert all("seed" in row and "train_images" not in row for row in found["scores"])
    out, _, found = told(capsys, tmp_path, "along=sample_size.repeat", "reach=0.7")
    assert "No answer to reach=0.7 for no pretraining: " in out
    assert found["curves"] == []
    assert len(records) == 6


def test_folds_have_no_plan_and_no_pooled_score_without_all_of_them(tmp_path, capsys):
    folds(tmp_path, {"none": 0.3, "imagenet": 1.5})
    out, _, _ = told(capsys, tmp_path, "plan=5")
    assert "No answer to plan=: it is for repeats, but these are folds." in out
    assert "Each test image was scored by up to 2 recorded runs" in out
    out, _, _ = told(capsys, tmp_path, "split.fold=0,1,2")
    assert "pooled" not in out


def test_few_test_patients_have_no_curve(tmp_path, capsys):
    sizes = (25, 50, 100, 200, 400)
    for record in sweep(tmp_path, {"none": 0.5}, sizes, repeats=2, test=80):
        table = pd.read_csv(record.folder / "predictions.csv")
        table["patient"] = np.where(table["Hernia"] == 1, "p1", table["patient"])
        table.to_csv(record.folder / "predictions.csv", index=False)
        edited(record)
    out, _, found = told(capsys, tmp_path, "reach=0.9")
    assert found["curves"] == []
    assert "No answer to reach=0.9 for all runs: no score has an interval where it rests on" in out


def test_repeats_of_one_draw_say_nothing_of_draws(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.5}, (50,), repeats=1, seeds=4, drawn_share=0.5)
    out, _, found = told(capsys, tmp_path)
    assert "other images like these" not in out
    assert "which images were drawn" not in out
    assert found["verdicts"][0]["new_pool_low"] is None
    assert "says nothing of other draws" in out


def test_no_range_of_a_difference_leaves_what_is_possible(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.5}, (50,), repeats=2, scatter=0.8, test=160)
    _, _, found = told(capsys, tmp_path)
    assert -1 <= found["verdicts"][0]["low"] < found["verdicts"][0]["high"] <= 1


def test_arms_with_other_repeats_are_compared_over_the_common_ones(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.2}, (50,), repeats=5, test=160)
    sweep(tmp_path, {"imagenet": 0.9}, (50,), repeats=3, test=160)
    assert "(over the 3 repeats that both have)" in told(capsys, tmp_path)[0]


def test_a_dollar_in_a_name_is_no_formula(figures, tmp_path, capsys):
    sweep(tmp_path, {"none": 0.5}, (50,), repeats=2, test=80, dataset=r"$\foo$")
    told(capsys, tmp_path)
    assert (tmp_path / "report/curve.png").read_bytes().startswith(b"\x89PNG")


def test_a_sweep_whose_report_cannot_be_written_ends_in_a_sentence(tmp_path, capsys):
    records = sweep(tmp_path, {"none": 0.5}, (50,), repeats=2, test=80)
    (tmp_path / "report").write_text("")
    of_sweep(records, "one")
    assert "No report: " in capsys.readouterr().err


def test_a_sweep_counts_its_own_looks_and_reads_all_its_folders(tmp_path, capsys):
    first = sweep(tmp_path / "a", {"none": 0.5}, (50,), repeats=2, test=80)
    second = sweep(tmp_path / "b", {"imagenet": 0.9}, (50,), repeats=2, test=80)
    sweep(tmp_path / "b", {"mura": 0.9}, (50,), repeats=2, test=80)
    of_sweep([*first, *second], "two")
    assert "4 runs of this sweep were scored on these test images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["compare=nix"], "compare=nix is no difference between the arms: they differ in nothing."),
        (["along=seeds"], "along=seeds does not vary in these runs"),
        (["margin=5"], "margin=5 is no difference of AUROC below 1: try margin=0.02."),
        (["reach=90"], "reach=90 is no AUROC below 1: try reach=0.9."),
        (["to=runs/RECORD"], "is for records of runs: name another folder."),
    ],
)
def test_words_that_mean_nothing_are_one_sentence(tmp_path, capsys, words, sentence):
    first, _ = sweep(tmp_path, {"none": 0.5}, (50,), repeats=2, test=80)
    words = [word.replace("runs/RECORD", str(first.folder)) for word in words]
    with pytest.raises(MedsmallError, match=re.escape(sentence)):
        told(capsys, tmp_path, *words)


def test_a_folder_with_an_equals_sign_is_a_folder(tmp_path, capsys):
    sweep(tmp_path / "a=b", {"none": 0.5}, (50,), repeats=2, test=80)
    assert "2 recorded runs" in told(capsys, tmp_path / "a=b")[0]


def test_values_are_selected_as_they_are_written(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.5}, (50,), repeats=2, test=80)
    assert "2 recorded runs" in told(capsys, tmp_path, "phantom=false")[0]


def test_the_last_sweep_can_be_asked_again(tmp_path, capsys):
    sweep(tmp_path, {"mura": 0.9}, (50,), repeats=3, test=80)
    with pytest.raises(MedsmallError, match="No sweep has begun in"):
        told(capsys, tmp_path, "sweep=last")
    records = sweep(tmp_path, {"none": 0.5, "imagenet": 0.9}, (50,), repeats=2, test=80)
    cells = [Cell((f"seed={i}",), key=record.key) for i, record in enumerate(records)]
    SweepFolder(tmp_path, "mine").begin(cells)
    for name in ("last", "mine"):
        _, _, found = told(capsys, tmp_path, f"sweep={name}")
        assert len(found["records"]) == 4
    assert len(told(capsys, tmp_path)[2]["records"]) == 7
    with pytest.raises(
        MedsmallError, match=r"There is no sweep .*sweeps/first \(there are: mine\)"
    ):
        told(capsys, tmp_path, "sweep=first")
