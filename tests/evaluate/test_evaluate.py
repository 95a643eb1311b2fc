"""python -m medsmall.evaluate: a run by its own test, and by other data."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from files_of import files_of
from omegaconf import OmegaConf
from sklearn.metrics import brier_score_loss, roc_auc_score
from small_run import TASKS

from medsmall.configs import literal
from medsmall.evaluate.__main__ import main
from medsmall.record import Record

OTHER = ["on", "dataset=chexpert", "phantom=true", "dataset.phantom_patients=60"]


@pytest.fixture(scope="module")
def record(train_small):
    return Record.open(train_small(base=TASKS["binary"]))


@pytest.fixture
def evaluate(request, monkeypatch, commanded, outputs, tmp_path):
    if "figures" not in request.fixturenames:  # drawing takes longest
        monkeypatch.setattr("medsmall.page.sections.picture", lambda *figure: b"")
        monkeypatch.setattr("medsmall.page.sections.drawn_svg", lambda figure: '<svg width="1pt">')

    def run(*words):
        status, said, told = commanded(
            main, *map(str, words), f"output_root={outputs}", f"to={tmp_path / 'page'}"
        )
        return status, said, told, tmp_path / "page"

    return run


def test_its_own_test_gives_the_recorded_scores(record, evaluate, figures):
    status, said, told, page = evaluate(record.key, "prevalence=0.05")
    assert status == 0, told
    test = record.metrics["test"]["targets"]["Hernia"]
    assert f"AUROC is {test['auroc']:.3f}" in said
    table = pd.read_csv(page / "scores.csv").set_index("metric")["value"]
    for metric in ("auroc", "average_precision", "sensitivity", "specificity"):
        assert table[metric] == pytest.approx(test[metric])
    errors = pd.read_csv(page / "calibration.csv").set_index("probabilities")
    rows = record.predictions
    expected = brier_score_loss(rows["Hernia"], rows["prob_Hernia"])
    assert errors.loc["as they are", "Brier"] == pytest.approx(expected)
    calls = pd.read_csv(page / "thresholds.csv")
    own = calls[calls["aim"].str.contains("run's own")].iloc[0]
    assert own["sensitivity"] == pytest.approx(test["sensitivity"])
    odds = own["LR+"] * 0.05 / 0.95
    assert own["PPV at 0.05"] == pytest.approx(odds / (1 + odds))
    assert {"index.html", "subgroups.csv", "selective.csv", "sets.csv"} <= {
        one.name for one in page.iterdir()
    }


@pytest.mark.parametrize("task", ["multilabel", "multiclass", "regression"])
def test_every_task_is_judged(task, train_small, evaluate):
    record = Record.open(train_small(base=TASKS[task]))
    status, _, told, page = evaluate(record.key)
    assert status == 0, told
    assert len(pd.read_csv(page / "scores.csv"))
    assert (page / "calibration.csv").exists() == (task != "regression")


def test_other_data_are_predicted_as_by_predict(record, evaluate):
    """The labels of chexpert, by other names; the AUROC is scikit-learn's of predict's answers."""
    from medsmall.configs import compose
    from medsmall.dataset.opening import open_table
    from medsmall.predict.predictor import Predictor

    words = ["labels.Hernia=Pleural Effusion", *OTHER[1:]]
    status, said, told, _ = evaluate(record.key, "on", *words)
    assert status == 0, told
    assert evaluate(record.key, *words)[1] == said
    dataset, table = open_table(compose([*OTHER[1:], f"output_root={record.folder.parents[1]}"]))
    known = table[table["Pleural Effusion"].notna()]
    files = [dataset.files.file(image) for image in known["image"]]
    prob = Predictor([record], "none").predict(files)["prob_Hernia"]
    expected = roc_auc_score(known["Pleural Effusion"], prob)
    assert f"AUROC is {expected:.3f}" in said
    assert f"on {len(known):,} images of chexpert, of " in said


def test_patients_whom_it_has_learnt_from_are_refused_or_left_out(record, evaluate):
    own = ["on", "dataset=chestxray14", "phantom=true", "dataset.phantom_patients=60"]
    status, _, told, _ = evaluate(record.key, *own)
    assert status == 2
    assert "The model was trained on chestxray14, on" in told
    assert "overlap=drop" in told
    status, said, told, _ = evaluate(record.key, *own, "overlap=drop")
    assert status == 0, told
    assert "whom the model has learnt from are left out" in told
    draw = record.draw
    learnt = set(draw.loc[draw["part"] != "test", "patient"])
    cfg = OmegaConf.create(literal(record.config))
    from medsmall.dataset.opening import open_table

    table = open_table(cfg)[1]
    left = table[~table["patient"].isin(learnt) & table["Hernia"].notna()]
    assert f"on {len(left):,} images" in said


def test_a_final_model_is_refused_on_its_own_patients(train_small, commanded, tmp_path, evaluate):
    from medsmall.finalize.__main__ import main as finalize

    record = Record.open(train_small("seed=5", output_root=tmp_path / "own"))
    commanded(finalize, record.key, f"output_root={tmp_path / 'own'}")
    (final,) = (tmp_path / "own/finals").glob("[!.]*")
    status, _, told, _ = evaluate(final)
    assert status == 2
    assert "is a final model: it learnt from all labelled images" in told
    own = ["on", "dataset=chestxray14", "phantom=true", "dataset.phantom_patients=60"]
    status, _, told, _ = evaluate(final, *own)
    assert status == 2
    assert "was trained on chestxray14" in told
    status, _, told, _ = evaluate(final, *own, "overlap=drop")
    assert "has learnt from every patient" in told


def test_what_does_not_fit_is_told_in_one_sentence(record, evaluate, train_small, tmp_path):
    for words, why in (
        ([record.key, *OTHER], "chexpert has no label Hernia: say which of its labels"),
        ([record.key, *OTHER, "labels.Hernia=Edem"], "did you mean 'Edema'"),
        ([record.key, *OTHER, "labels.Hernja=Edema"], "did you mean 'Hernia'"),
        ([record.key, "on", "phantom=true"], "Behind on stands no data set"),
        ([record.key, "prevalence=2"], "must be a share between 0 and 1"),
        ([record.key, "sets=x"], "must be a share between 0 and 1"),
        ([record.key, "overlap=keep"], "overlap=keep is unknown"),
        ([record.key, "x.png"], "x.png is no word of this command"),
        ([record.key[:-1] + "x"], "names no run"),
    ):
        status, said, told, _ = evaluate(*words)
        assert (status, said) == (2, ""), told
        assert why in told
        assert "Traceback" not in told
    (tmp_path / "page").mkdir()
    (tmp_path / "page/notes.txt").touch()
    assert "holds something else" in evaluate(record.key)[2]
    assert (tmp_path / "page/notes.txt").exists()
    (tmp_path / "page/notes.txt").unlink()
    (tmp_path / "page/index.html").write_text("<p>my own page")
    assert "holds something else" in evaluate(record.key)[2]
    assert (tmp_path / "page/index.html").read_text() == "<p>my own page"


def test_several_runs_are_judged_together(record, evaluate, train_small):
    other = Record.open(train_small("sample_size.repeat=1"))
    both = f"{record.key},{other.key}"
    status, said, told, page = evaluate(both)
    assert status == 0, told
    tables = [one.predictions for one in (record, other)]
    mean = np.mean([table["prob_Hernia"] for table in tables], axis=0)
    assert f"AUROC is {roc_auc_score(tables[0]['Hernia'], mean):.3f}" in said
    status, _, told, page = evaluate(both, *OTHER, "labels.Hernia=Edema")
    assert status == 0, told
    assert np.isfinite(pd.read_csv(page / "scores.csv")["value"]).all()


def test_an_ensemble_is_judged_by_what_predict_says(train_small):
    """Calls and calibrated probabilities of several members, for one unit and for many."""
    from medsmall.answer.answers import answered
    from medsmall.answer.joined import calibrated_of, calls_of
    from medsmall.evaluation.calibration import Calibration
    from medsmall.predict.predictor import Predictor

    records = [Record.open(train_small(f"sample_size.repeat={k}")) for k in (0, 1)]
    predictor = Predictor(records, "none")
    predictor.members = [
        replace(facts, calibration=Calibration("platt", False, ["Hernia"], {}, [slope], [bias],
                                               [[[0.1, 0.0], [0.0, 0.1]]], [2.0], [], [0.0]))
        for facts, slope, bias in zip(predictor.members, (0.5, 3.0), (1.0, -1.0), strict=True)
    ]  # fmt: skip
    images = list(np.random.default_rng(0).integers(0, 256, (4, 60, 50), dtype=np.uint8))
    answers = answered(predictor, images)
    outputs = np.stack([one.predict(images)["prob_Hernia"] for one in
                        (Predictor([one], "none") for one in records)])[..., None]  # fmt: skip
    calibrated, called = (
        calibrated_of(predictor.members, outputs),
        calls_of(predictor.members, outputs),
    )
    for k, one in enumerate(answers):
        np.testing.assert_allclose(one.calibrated, calibrated[:, k], equal_nan=True)
        np.testing.assert_array_equal(one.called, called[k])
    assert np.isnan(calibrated[1:]).all()  # a mean of intervals is none


def test_a_target_without_a_threshold_leaves_the_others_theirs():
    from medsmall.answer.facts import Facts, Reading
    from medsmall.answer.joined import calls_of

    of = Facts(
        "a",
        "films",
        "image",
        "multilabel",
        ["a", "b"],
        Reading(48, "squash"),
        {"a": 0.5, "b": None},
    )
    np.testing.assert_array_equal(calls_of([of], np.array([[[0.7, 0.7]]])), [[1.0, np.nan]])


def test_copies_under_other_names_are_refused_or_left_out(train_small, evaluate, tmp_path):
    """The films of the run as a folder of one's own, where every file is a patient."""
    record = Record.open(train_small())
    learnt = record.draw[record.draw["part"] == "train"].iloc[:3]
    tested = record.draw[record.draw["part"] == "test"]
    chosen = pd.concat([learnt, *(tested[tested["Hernia"] == k].iloc[:12] for k in (0, 1))])
    for number, (file, label) in enumerate(
        zip(files_of(record, chosen), chosen["Hernia"], strict=True)
    ):
        folder = tmp_path / "films" / ("Hernia" if label else "none")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder / f"{number}{file.suffix}")
    data = ["on", "dataset=folder", f"dataset.root={tmp_path / 'films'}", "dataset.positive=Hernia"]
    status, _, told, _ = evaluate(record.key, *data)
    assert status == 2
    assert "has learnt from copies of 3 images" in told
    status, said, told, _ = evaluate(record.key, *data, "overlap=drop")
    assert status == 0, told
    assert f"on {len(chosen) - 3:,} images" in said


def test_words_of_few_patients_make_no_groups():
    """They may be names."""
    from medsmall.evaluate.groups import groups_of

    about = pd.DataFrame(
        {"image": range(30), "patient": range(30), "sex": ["F", "M"] * 15,
         "name": [f"Mrs {k // 6}" for k in range(30)]}
    )  # fmt: skip
    assert list(groups_of(about)) == ["sex F", "sex M"]
