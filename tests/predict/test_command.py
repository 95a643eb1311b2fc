"""python -m medsmall.predict: which run, which images, what is said and written."""

import json

import numpy as np
import pandas as pd
import pytest
from files_of import files_of
from PIL import Image

from medsmall.predict.__main__ import main
from medsmall.record import Record


@pytest.fixture
def predict(commanded, outputs):
    return lambda *words: commanded(main, *map(str, words), f"output_root={outputs}")


@pytest.fixture
def record(train_small):
    return Record.open(train_small())


@pytest.fixture
def films(record):
    return files_of(record, record.predictions.iloc[:4])


def test_it_answers_in_sentences(predict, record, films):
    status, said, told = predict(record.key, *films)
    assert status == 0
    assert len(said.splitlines()) == 4
    for line, film, prob in zip(
        said.splitlines(), films, record.predictions["prob_Hernia"], strict=False
    ):
        assert line.startswith(f"{film.name}: ")
        assert f"Hernia, {prob:.2f}" in line
    assert f"Answered by the run {record.key}." in told
    assert "phantom=true" in told


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_every_number_is_in_a_file(predict, record, films, tmp_path, kind):
    to = tmp_path / f"new/answers.{kind}"
    status, _, told = predict(record.folder, films[0].parent, f"to={to}")
    assert status == 0
    rows = pd.read_csv(to) if kind == "csv" else pd.DataFrame(json.loads(to.read_text()))
    assert f"{len(rows):,} answers in {to}." in told
    assert len(rows) == len(list(films[0].parent.iterdir()))
    assert {"image", "prob_Hernia", "predicted", "unfamiliar", "refused", "sentence"} <= {*rows}


def test_bad_files_are_refused_by_name_and_the_others_answered(predict, record, films, tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(
        tmp_path / "photo.png"
    )
    (tmp_path / "note.txt").write_text("no image")
    cut = tmp_path / "cut.png"
    cut.write_bytes(films[0].read_bytes()[:-300])
    bad = [tmp_path / "photo.png", tmp_path / "note.txt", cut]
    status, said, told = predict(record.key, *bad, *films)
    lines = said.splitlines()
    assert status == 1
    assert "3 of 7 could not be answered." in told
    for line, why in zip(lines, ("colour image", "known format", "cannot be read"), strict=False):
        assert line.startswith("Not answered: ")
        assert why in line
    assert sum("Hernia, " in line for line in lines) == 4
    assert predict(record.key, *bad)[0] == 2


def test_a_selection_and_the_best_are_runs(commanded, train_small, tmp_path):
    made = [
        Record.open(train_small(*words, output_root=tmp_path))
        for words in (["sample_size.repeat=1"], [], ["strategy=finetune_all"])
    ]
    film = files_of(made[0], made[0].predictions)[0]

    def told(*words):
        status, _, told = commanded(main, *map(str, words), str(film), f"output_root={tmp_path}")
        return status, told

    assert made[-1].key in told("last")[1]
    assert "2 runs together" in told(f"{made[0].key},{made[1].key}")[1]
    assert told(made[0].key[:8])[0] == 0
    status, said = told("best", "dataset=chestxray14")
    assert status == 0
    arms = {"gradual_unfreezing": made[:2], "finetune_all": made[2:]}
    means = {
        arm: np.mean([one.metrics["val"]["mean"]["auroc"] for one in runs])
        for arm, runs in arms.items()
        if len(runs) == 2  # an arm with fewer runs than another is not finished
    }
    assert f"{max(means, key=means.get)}, " in said
    assert f"auroc {max(means.values()):.3f} in validation" in said
    assert "put best before the words" in told("dataset=chestxray14")[1]
    assert "2 runs together" in told("dataset=chestxray14", "strategy=gradual_unfreezing")[1]


def test_what_names_no_run_is_told(predict, record, films, tmp_path):
    wrong = record.key[:-1] + ("0" if record.key[-1] != "0" else "1")
    status, _, told = predict(wrong, films[0])
    assert status == 2
    assert f"There is no run {wrong}" in told
    assert record.key in told
    for words, why in (
        ([films[0]], "names no run: begin with a key"),
        ([record.key], "There is no image to answer about"),
        ([record.key, tmp_path / "absent"], "There is no image"),
        ([record.key, films[0], "to=x.txt"], "must end in .csv or .json"),
        ([record.key, films[0], "calibration=plat"], "did you mean 'platt'"),
        ([record.key, films[0], "dataset=mura"], "names a run, so dataset=mura cannot choose"),
        (["best", "dataset=mura", films[0]], "No run has dataset=mura"),
    ):
        status, said, told = predict(*words)
        assert (status, said) == (2, "")
        assert why in told
        assert len(told.strip().splitlines()) == 1


def test_unfinished_and_foreign_records_are_refused(predict, record, films, tmp_path):
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "config.yaml").write_text("x: 1")
    assert "holds an unfinished run" in predict(unfinished, films[0])[2]
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "DONE").touch()
    (newer / "metrics.json").write_text(json.dumps({"dataset": "x", "schema": 99}))
    assert "was recorded by a newer medsmall" in predict(newer, films[0])[2]


def test_help_names_what_there_is(commanded):
    status, said, _ = commanded(main, "--help")
    assert status == 0
    assert "python -m medsmall.predict RUN IMAGE" in said


def test_sets_are_learnt_from_test_patients(predict, record, films):
    status, said, told = predict(record.key, *films, "sets=0.4")
    assert status == 0, told
    assert all("60% set {" in line for line in said.splitlines())
    status, _, told = predict(record.key, *films, "sets=0.001")
    assert status == 2
    assert "sets that miss 0.001 need 999" in told
    status, _, told = predict(record.key, *films, "sets=3")
    assert "must be a share between 0 and 1" in told
