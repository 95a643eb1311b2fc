"""The model after a sweep: it learns from every labelled image, and carries the score of before."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from PIL import Image
from small_run import HERNIA, TASKS

from medsmall.api import load
from medsmall.audit.seen import patients_of_run
from medsmall.configs import literal
from medsmall.dataset.opening import open_dataset
from medsmall.errors import MedsmallError
from medsmall.finalize.__main__ import main
from medsmall.finalize.before import before
from medsmall.finalize.refit import refit
from medsmall.model import Model
from medsmall.predict.predictor import Predictor
from medsmall.record import Record
from medsmall.record.predicted import Predicted, score
from medsmall.report.ledger import read_runs

FOLDS = [*(word for word in HERNIA if not word.startswith(("split", "sample_size"))),
         "split=kfold", "split.folds=3", "sample_size=all"]  # fmt: skip


@pytest.fixture(scope="module")
def folds(train_small, tmp_path_factory):
    """Three folds in an output folder of their own."""
    root = tmp_path_factory.mktemp("folds")
    return root, [
        Record.open(train_small(f"split.fold={k}", base=FOLDS, output_root=root)) for k in range(3)
    ]


def finalized(commanded, root, *words):
    status, said, told = commanded(main, *words, f"output_root={root}")
    assert status == 0, told
    return Record(next((root / "finals").glob(f"*{said.split()[-1].split('/')[-1]}"))), said, told


def test_it_learns_from_all_labelled_images_and_carries_the_score(folds, commanded):
    root, records = folds
    final, said, told = finalized(commanded, root, "best", "split=kfold")
    everyone = pd.concat([record.draw for record in records]).drop_duplicates("image")
    assert set(final.draw["image"]) == set(everyone["image"])
    assert set(final.draw["part"]) == {"train"}
    values = [score(Predicted.of(record), "auroc").value for record in records]
    carried = final.metrics["final"]
    assert carried["mean"] == pytest.approx(np.mean(values))
    assert carried["runs"] == sorted(record.key for record in records)
    assert f"Test auroc before: {np.mean(values):.3f}" in said
    assert "No image is left to test it" in told
    assert final.metrics["test"]["n"] == 0
    assert "val_auroc" not in final.history
    # it knows whom it has seen, and answers
    (seen,) = patients_of_run(final)
    assert len(seen.patients) == everyone["patient"].nunique()
    assert Model.load(final.model).about["thresholds"]
    answers = Predictor([final]).predict(np.random.default_rng(0).integers(
        0, 256, (2, 50, 40), dtype=np.uint8)[0])  # fmt: skip
    assert answers["prob_Hernia"].between(0, 1).all()
    # the same command again makes nothing
    before = (final.folder / "DONE").stat().st_mtime_ns
    again, _, _ = finalized(commanded, root, "best", "split=kfold")
    assert again.folder == final.folder
    assert (final.folder / "DONE").stat().st_mtime_ns == before
    assert not any("finals" in str(run.record.folder) for run in read_runs([root])[0])


def test_its_threshold_is_chosen_on_validation_images_of_the_runs(folds, commanded):
    root, records = folds
    final, _, _ = finalized(commanded, root, "best", "split=kfold")
    pooled = final.val_predictions
    assert len(pooled) == sum(len(record.val_predictions) for record in records)
    for record in records:
        own = pooled[pooled["image"].str.startswith(record.key)]
        assert len(own) == len(record.val_predictions)
        order = np.argsort(record.val_predictions["prob_Hernia"])
        assert (np.diff(own["prob_Hernia"].to_numpy()[order]) >= 0).all()  # moved, in order
    limit = final.metrics["test"]["targets"]["Hernia"]["threshold"]
    assert 0 < limit < 1


def test_the_epoch_is_the_one_that_was_asked_for(folds, tmp_path):
    """Trained to the end, the weights are those of epoch 1, whatever validation would choose."""
    root, records = folds
    of = before(records, [root])
    first, last = (refit(of._replace(epoch=epoch), tmp_path / str(epoch)) for epoch in (1, None))
    assert (first.metrics["chosen_epoch"], last.metrics["chosen_epoch"]) == (1, 2)
    assert first.metrics["weights_sha256"] != last.metrics["weights_sha256"]
    assert len(first.history) == len(last.history) == 2


def test_an_ensemble_keeps_the_runs(folds, commanded):
    root, records = folds
    final, _, _ = finalized(commanded, root, "best", "split=kfold", "how=ensemble")
    kept = sorted(one.name for one in (final.folder / "members").iterdir())
    assert kept == sorted(record.key for record in records)
    carried = json.loads((final.folder / "final.json").read_text())
    assert carried["how"] == "ensemble"
    assert carried["mean"] is not None
    predictor = load(final.folder)
    assert len(predictor.members) == 3
    image = np.random.default_rng(0).integers(0, 256, (50, 40), dtype=np.uint8)
    each = [Predictor([record]).predict(image)["prob_Hernia"][0] for record in records]
    assert predictor.predict(image)["prob_Hernia"][0] == pytest.approx(np.mean(each))


@pytest.mark.parametrize("task", ["multilabel", "multiclass", "regression"])
def test_every_task_has_a_final_model(task, train_small, commanded, tmp_path):
    record = Record.open(train_small(base=TASKS[task], output_root=tmp_path))
    final, said, _ = finalized(commanded, tmp_path, record.key)
    assert len(final.draw) > len(record.draw[record.draw["part"] == "train"])
    assert "Test " in said


def test_what_cannot_be_finalized_is_told(folds, commanded):
    root, records = folds
    final, _, _ = finalized(commanded, root, "best", "split=kfold")
    for words, why in (
        ([final.folder], "is a final model already"),
        ([records[0].key, "x.png"], "x.png names no run"),
        (["best", "split=kfold", "how=refitt"], "did you mean 'refit'"),
        ([], ""),
    ):
        status, _, told = commanded(
            main, *map(str, words), *([f"output_root={root}"] * bool(words))
        )
        assert status == (2 if words else 0)
        assert why in told


def test_data_that_have_changed_are_refused(train_small, commanded, tmp_path):
    record = Record.open(train_small(output_root=tmp_path))
    own = tmp_path / "films"
    shutil.copytree(open_dataset(OmegaConf.create(literal(record.config))).files.root, own)
    words = ["phantom=false", f"dataset.root={own}"]
    record = Record.open(train_small(*words, output_root=tmp_path))
    image = own / record.draw["image"].iloc[0]
    Image.fromarray(255 - np.array(Image.open(image).convert("L"))).save(image)
    status, _, told = commanded(main, record.key, f"output_root={tmp_path}")
    assert status == 2
    assert "have changed since it was recorded" in told
    assert not [*(tmp_path / "finals").glob("*/DONE")]


def test_an_ensemble_that_lost_a_member_does_not_answer(folds, commanded):
    root, _ = folds
    final, _, _ = finalized(commanded, root, "best", "split=kfold", "how=ensemble")
    broken = final.folder.with_name("0" * 16)
    shutil.copytree(final.folder, broken)
    shutil.rmtree(next((broken / "members").iterdir()))
    with pytest.raises(MedsmallError, match="There is no record"):
        load(broken)
    shutil.rmtree(broken)
    status, _, told = commanded(main, str(final.folder), f"output_root={root}")
    assert status == 2
    assert "is a final model already, or a part of one" in told
