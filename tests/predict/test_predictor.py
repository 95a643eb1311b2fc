"""A recorded run says about files what it has recorded about its test images."""

import numpy as np
import pandas as pd
import pytest
from files_of import files_of
from PIL import Image
from small_run import HERNIA, TASKS

from medsmall.api import load
from medsmall.errors import MedsmallError
from medsmall.predict.predictor import Predictor
from medsmall.record import Record

WAYS = {
    "network": [],
    "probe": ["learner=probe"],
    "knn": ["learner=knn"],
    "forest": ["learner=random_forest", "learner.trees=5"],
    "texture": ["learner=random_forest", "learner.trees=5", "features=radiomics"],
    "linear on texture": ["learner=ridge", "features=radiomics"],
    "prior": ["learner=prior"],
}
CASES = [("binary", way) for way in WAYS] + [
    (task, way) for task in ("multilabel", "multiclass", "regression") for way in ("network", "knn")
]


@pytest.mark.parametrize(("task", "way"), CASES)
def test_what_was_recorded_comes_out_again(task, way, train_small):
    record = Record.open(train_small(*WAYS[way], base=TASKS[task]))
    rows = record.predictions.iloc[:20]
    predictor = Predictor([record], "none")
    found = predictor.predict(files_of(record, rows))
    assert (found["refused"] == "").all()
    for target in predictor.members[0].targets:
        column = f"{'pred' if task == 'regression' else 'prob'}_{target}"
        np.testing.assert_allclose(found[column], rows[column], rtol=1e-5, atol=1e-5)
    if "predicted" in rows:
        assert found["predicted"].tolist() == rows["predicted"].tolist()


def test_studies_are_answered_together(train_small):
    base = ["dataset=mura", *HERNIA[4:], "dataset.phantom_patients=60", "split=official"]
    base = [word for word in base if "targets" not in word]
    record = Record.open(train_small(base=["dataset=mura", "split=official", "sample_size.n=20",
                                           *HERNIA[5:]]))  # fmt: skip
    rows = record.predictions
    predictor = Predictor([record], "none")
    found = predictor.predict(files_of(record, rows)).set_index("study")
    expected = rows.groupby("study")["prob_abnormal"].mean()
    assert len(found) == len(expected)
    for study, prob in expected.items():
        (row,) = [of for name, of in found.iterrows() if str(name).endswith(study)]
        assert row["prob_abnormal"] == pytest.approx(prob, abs=1e-5)
        word = "abnormal" if row["predicted"] else "normal"
        assert f"{study.split('/')[-1]}: {word}, " in row["sentence"]


def test_several_runs_answer_with_their_mean_and_their_spread(train_small):
    records = [Record.open(train_small(f"sample_size.repeat={k}")) for k in (0, 1)]
    files = files_of(records[0], records[0].predictions.iloc[:6])
    each = [Predictor([record], "none").predict(files)["prob_Hernia"] for record in records]
    together = load(records, "none").predict(files)
    np.testing.assert_allclose(together["prob_Hernia"], np.mean(each, axis=0))
    np.testing.assert_allclose(together["spread_Hernia"], np.std(each, axis=0, ddof=1))
    limits = [record.metrics["test"]["targets"]["Hernia"]["threshold"] for record in records]
    called = together["prob_Hernia"] >= np.mean(limits)
    assert together["predicted"].tolist() == called.astype(int).tolist()
    own = [prob >= limit for prob, limit in zip(each, limits, strict=True)]
    agreeing = sum((one == called).astype(int) for one in own)
    assert together["agreeing"].tolist() == agreeing.tolist()


def test_runs_that_answer_other_questions_do_not_answer_together(train_small):
    one, other = (Record.open(train_small(*words)) for words in ([], ["image_size_px=40"]))
    with pytest.raises(MedsmallError, match="read images in different ways"):
        Predictor([one, other])
    other = Record.open(train_small(base=TASKS["multilabel"]))
    with pytest.raises(MedsmallError, match="differ in their targets"):
        Predictor([one, other])


def test_arrays_and_files_give_the_same(train_small):
    record = Record.open(train_small())
    files = files_of(record, record.predictions.iloc[:3])
    arrays = [np.array(Image.open(file).convert("L")) for file in files]
    predictor = Predictor([record], "none")
    columns = ["prob_Hernia", "predicted"]
    found = predictor.predict(arrays)[columns]
    pd.testing.assert_frame_equal(found, predictor.predict(files)[columns])
    with pytest.raises(MedsmallError, match="There is no image"):
        predictor.predict([])


def test_a_run_on_columns_of_a_table_cannot_answer_about_an_image(train_small):
    record = Record.open(train_small("learner=ridge", "features=metadata"))
    with pytest.raises(MedsmallError, match="fitted to columns of a table"):
        Predictor([record])


def test_a_file_that_changed_since_is_refused(train_small, tmp_path):
    record = Record.open(train_small("seed=3", output_root=tmp_path))
    content = bytearray(record.model.read_bytes())
    content[-1] ^= 1
    record.model.write_bytes(content)
    with pytest.raises(MedsmallError, match=r"model.safetensors has changed since"):
        Predictor([record])
