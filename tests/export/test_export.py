"""A run becomes a bundle: whole, the same each time, honest, and nothing is overwritten."""

import json
import re
import shutil
import socket
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exported import exported
from files_of import files_of
from small_run import HERNIA, TASKS

from medsmall.bundle.bundle import Bundle
from medsmall.errors import AbsentDataError, MedsmallError
from medsmall.export.__main__ import main
from medsmall.predict import __main__ as predicting
from medsmall.predict.predictor import Predictor
from medsmall.record import Record


@pytest.fixture(scope="module")
def record(train_small):
    return Record.open(train_small("sample_size=all", base=HERNIA))


@pytest.fixture(scope="module")
def bundle(record, tmp_path_factory):
    return exported(record.folder, tmp_path_factory.mktemp("bundles") / "one")


def content(folder: Path) -> dict:
    return json.loads((folder / "bundle.json").read_text("utf-8"))


def test_it_holds_all_parts_and_their_sums(bundle):
    names = {path.name for path in bundle.iterdir()}
    assert names == {"network_0.onnx", "bundle.json", "config.json", "seen.json", "MODEL_CARD.md",
                     "SHA256SUMS", "__main__.py", "code"}  # fmt: skip
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=bundle,
                   check=True)  # fmt: skip
    kinds = {path.suffix for path in bundle.rglob("*") if path.is_file()}
    assert kinds == {".onnx", ".json", ".md", ".py", ""}  # nothing that is executed to be loaded


def test_twice_the_same_bytes_and_an_earlier_bundle_is_replaced(record, bundle, tmp_path):
    to = tmp_path / "again"
    shutil.copytree(bundle, to)
    (to / "left.txt").write_text("from before")
    exported(record.folder, to, anew=True)
    files = {path.relative_to(to) for path in to.rglob("*")}
    assert files == {path.relative_to(bundle) for path in bundle.rglob("*")}
    for name in files:
        if (to / name).is_file():
            assert (to / name).read_bytes() == (bundle / name).read_bytes(), name
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_it_names_no_patient_no_file_and_no_place(record, bundle):
    draw = record.draw
    words = {*draw["patient"], *draw["image"], *(Path(name).name for name in draw["image"])}
    words |= {str(record.folder.parent), str(Path.home()), socket.gethostname(), str(Path.cwd())}
    for path in (path for path in bundle.rglob("*") if path.is_file()):
        found = path.read_bytes()
        assert not (path.suffix == ".onnx" and b".py" in found)
        for word in words:
            if len(word) > 4:
                assert word.encode() not in found, (path.name, word)
    config = json.loads((bundle / "config.json").read_text())
    assert "root" not in config[0]["dataset"]
    assert config[0]["choices"]["backbone"] == "tiny"


def test_thresholds_and_scores_are_those_of_its_one_view(record, bundle):
    """They were recorded of two views."""
    about = content(bundle)
    (member,) = about["members"]
    assert (member["views"], member["rescored"], member["crop"]) == (2, True, 45)
    plain = Predictor([record], "none", plain=True)
    found = plain.predict(files_of(record, record.predictions))
    y = record.predictions["Hernia"].to_numpy()
    order = found["prob_Hernia"].to_numpy()
    ranks = pd.Series(order).rank().to_numpy()
    n = (y == 1).sum()
    auroc = (ranks[y == 1].sum() - n * (n + 1) / 2) / (n * (y == 0).sum())
    assert about["test"]["overall"]["auroc"]["value"] == pytest.approx(auroc, abs=1e-6)
    assert auroc != pytest.approx(record.metrics["test"]["targets"]["Hernia"]["auroc"], abs=1e-9)
    answers = Bundle(bundle).predict(files_of(record, record.predictions))
    np.testing.assert_allclose([one["prob_Hernia"] for one in answers], order, atol=1e-4)


def test_a_run_of_one_view_needs_no_data_and_keeps_its_thresholds(
    train_small, tmp_path, monkeypatch
):
    record = Record.open(train_small("augmentation.tta_views=0"))
    here = exported(record.folder, tmp_path / "here")
    monkeypatch.setattr("medsmall.export.images.open_dataset", _absent)
    away = exported(record.folder, tmp_path / "away")
    recorded = record.metrics["test"]["targets"]["Hernia"]["threshold"]
    for folder, on in ((here, "images"), (away, "noise")):
        (member,) = content(folder)["members"]
        assert member["facts"]["thresholds"] == {"Hernia": recorded}
        assert (member["rescored"], member["checked_on"]) == (False, on)
    networks = [(folder / "network_0.onnx").read_bytes() for folder in (here, away)]
    assert networks[0] == networks[1]


def _absent(cfg):
    raise AbsentDataError("chestxray14 is absent: get it.")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [([], "was tested on 2 views of each image, and a bundle shows one: .* chestxray14 is absent"),
     (["int8=true"], "chestxray14 is absent")],
)  # fmt: skip
def test_what_needs_the_images_says_so(record, tmp_path, monkeypatch, words, sentence):
    monkeypatch.setattr("medsmall.export.images.open_dataset", _absent)
    with pytest.raises(MedsmallError, match=sentence):
        exported(record.folder, tmp_path / "b", *words)
    assert not list(tmp_path.iterdir())


def test_images_that_changed_since_are_refused(train_small, tmp_path, monkeypatch):
    folder = train_small("seed=5", "augmentation.tta_views=1", output_root=tmp_path)
    with np.load(folder / "seen.npz") as kept:
        other = {**kept, "digests": kept["digests"] ^ 1}
    monkeypatch.setattr(Record, "seen", other)
    with pytest.raises(MedsmallError, match="have changed since the run"):
        exported(folder, tmp_path / "b")


@pytest.mark.parametrize(
    "words",
    [["learner=knn"], ["learner=prior"], ["learner=random_forest", "learner.trees=5"],
     ["learner=ridge", "features=radiomics"]],
)  # fmt: skip
def test_a_learner_that_is_no_network_is_refused(train_small, tmp_path, words):
    name = re.escape(words[0])
    with pytest.raises(MedsmallError, match=rf"\({name}\) predicts by .* such as learner=probe"):
        exported(train_small(*words), tmp_path / "b")


def test_a_linear_head_on_a_network_is_one(train_small, tmp_path):
    record = Record.open(train_small("learner=probe", "augmentation.tta_views=0"))
    rows = record.predictions
    found = Bundle(exported(record.folder, tmp_path / "b")).predict(files_of(record, rows))
    probabilities = [one["prob_Hernia"] for one in found]
    np.testing.assert_allclose(probabilities, rows["prob_Hernia"], atol=1e-4)


def test_runs_that_are_not_there_or_not_finished(record, outputs, tmp_path, commanded):
    root = f"output_root={outputs}"
    status, _, said = commanded(main, "0123456789ab", root)
    assert status == 2
    assert "There is no run 0123456789ab" in said
    assert "the nearest are" in said
    status, _, said = commanded(main, "hernia", root)
    assert status == 2
    assert "hernia names no run (the nearest are" in said
    unfinished = tmp_path / "runs" / record.key
    shutil.copytree(record.folder, unfinished)
    (unfinished / "DONE").unlink()
    status, _, said = commanded(main, str(unfinished), root)
    assert status == 2
    assert "unfinished run" in said
    (unfinished / "DONE").touch()
    metrics = json.loads((unfinished / "metrics.json").read_text())
    (unfinished / "metrics.json").write_text(json.dumps({**metrics, "schema": 99}))
    status, _, said = commanded(main, str(unfinished), root)
    assert status == 2
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["int8=yes"], "int8=yes is unknown"), (["calibration=plat"], "did you mean 'platt'"),
     (["film.png"], "film.png names no run"), (["tp=x"], "names a run, so tp=x cannot choose"),
     (["calibration=isotonic"], "calibration=isotonic cannot be fitted")],
)  # fmt: skip
def test_words_that_mean_nothing(record, tmp_path, words, sentence):
    with pytest.raises(MedsmallError, match=sentence):
        exported(record.folder, tmp_path / "b", *words)


def test_a_foreign_folder_is_never_overwritten(record, tmp_path):
    foreign = tmp_path / "mine"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work")
    with pytest.raises(MedsmallError, match="is there already and is no bundle"):
        exported(record.folder, foreign)
    with pytest.raises(MedsmallError, match="is there already and is no bundle"):
        exported(record.folder, foreign / "thesis.txt")
    assert (foreign / "thesis.txt").read_text() == "years of work"


def test_several_runs_are_one_bundle(train_small, tmp_path):
    folders = [train_small("augmentation.tta_views=0", f"sample_size.repeat={k}") for k in (0, 1)]
    records = [Record.open(folder) for folder in folders]
    keys = ",".join(record.key for record in records)
    root = folders[0].parents[1]
    to = exported(keys, tmp_path / "b", f"output_root={root}")
    assert (to / "network_1.onnx").is_file()
    files = files_of(records[0], records[0].predictions.iloc[:5])
    expected = Predictor(records, "none", plain=True).predict(files)
    found = pd.DataFrame(Bundle(to).predict(files))
    columns = ["prob_Hernia", "spread_Hernia"]
    np.testing.assert_allclose(found[columns], expected[columns], atol=1e-4)
    assert found["agreeing"].tolist() == expected["agreeing"].tolist()
    assert content(to)["test"]["units"] == len(records[0].predictions)  # tested on the same
    other = train_small(base=TASKS["multilabel"])
    keys = f"{records[0].key},{other.name}"
    with pytest.raises(MedsmallError, match="cannot answer together"):
        exported(keys, tmp_path / "c", f"output_root={root}")


def test_int8_is_smaller_and_tells_its_cost(record, bundle, tmp_path, capsys):
    to = exported(record.folder, tmp_path / "small", "int8=true")
    sizes = [(folder / "network_0.onnx").stat().st_size for folder in (to, bundle)]
    assert sizes[0] < 0.35 * sizes[1]
    (member,) = content(to)["members"]
    cost = member["int8"]
    files = files_of(record, record.predictions)
    each = [
        np.array([one["prob_Hernia"] for one in Bundle(folder).predict(files)])
        for folder in (to, bundle)
    ]
    assert 0 < np.abs(each[0] - each[1]).max() < 0.1
    assert cost["after"] == pytest.approx(
        content(to)["test"]["overall"]["auroc"]["value"], abs=1e-6
    )
    assert cost["before"] == pytest.approx(
        content(bundle)["test"]["overall"]["auroc"]["value"], abs=1e-6
    )
    said = capsys.readouterr().err
    card = (to / "MODEL_CARD.md").read_text("utf-8")
    sentence = f"test auroc {cost['before']:.3f} before, {cost['after']:.3f} after"
    assert sentence in said
    assert sentence in card


def test_predict_answers_by_a_bundle_as_by_a_run(record, bundle, commanded):
    films = [str(file) for file in files_of(record, record.predictions.iloc[:3])]
    status, told, _ = commanded(predicting.main, str(bundle), *films)
    assert status == 0
    assert told.count("Hernia") == 3
    status, _, said = commanded(predicting.main, str(bundle), *films, "calibration=platt")
    assert status == 2
    assert "which calibration cannot change" in said
    status, _, said = commanded(main, str(bundle))
    assert status == 2
    assert "is a bundle" in said


def test_the_card_tells_what_a_reader_asks(record, bundle):
    card = (bundle / "MODEL_CARD.md").read_text("utf-8")
    metrics, about = record.metrics, content(bundle)
    learnt = record.draw[record.draw["part"] != "test"]
    for text in (
        "A network to find Hernia in images (chest x-ray)",
        "It learnt from generated images: its answers mean nothing",
        "It is no medical device",
        f"{about['test']['units']:,} images of {about['test']['patients']:,} patients",
        f"| chestxray14 (generated) | {learnt['patient'].nunique():,} | "
        f"{learnt['image'].nunique():,} | {metrics['labels_used']:,} |",
        metrics["key"],
        "Wang et al.",
        "95% intervals",
        "began with random weights",
        "The network sees the 45 px in the middle",
        f"{about['members'][0]['facts']['thresholds']['Hernia']:.3f}",
    ):
        assert text in card, text
    assert not re.search(r"nan|None|\{|/tmp", card.replace("nantly", ""))


@pytest.mark.parametrize("task", ["multilabel", "multiclass", "regression"])
def test_every_task_in_batches_of_any_size(task, train_small, tmp_path):
    record = Record.open(train_small(base=TASKS[task]))
    to = exported(record.folder, tmp_path / task)
    files = files_of(record, record.predictions.iloc[:7])
    expected = Predictor([record], "none", plain=True).predict(files)
    for count in (1, 3, 7):
        found = pd.DataFrame(Bundle(to).predict(files[:count]))
        columns = [name for name in found if str(name).startswith(("prob_", "pred_"))]
        apart = np.abs(found[columns] - expected[columns][:count]).to_numpy().max()
        assert apart < (1e-2 if task == "regression" else 1e-4)
    assert "| " in (to / "MODEL_CARD.md").read_text("utf-8")
