"""Texture, metadata and both: what they are of images, and what they learn from train images."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from skimage.color import rgb2gray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_run import HERNIA

from medsmall.configs import compose
from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.features import Features
from medsmall.features.metadata import Code, Metadata
from medsmall.features.standardised import Standardised
from medsmall.features.texture import Texture, grey
from medsmall.pixels import open_images
from medsmall.record.key import rows_hash
from medsmall.resolve import resolve
from medsmall.texture.glcm import glcm
from medsmall.texture.moments import moments
from medsmall.texture.patterns import hog, lbp
from medsmall.train import train

BASE = [
    *HERNIA,
    "learner=probe",
    "sample_size=natural",
    "sample_size.n=40",
    "augmentation.tta_views=0",
]


def run(tmp_path, outputs, *more):
    return train(compose([*BASE, f"output_root={tmp_path}", f"cache_root={outputs}/cache", *more]))


def opened(outputs, *more):
    case = resolve(compose([*BASE, f"output_root={outputs}", *more]))
    return case, open_images(case)[0]


def test_texture_is_that_of_the_pixels_of_each_view(outputs):
    case, data = opened(outputs, "features=radiomics", "features.lbp=true", "features.hog=true")
    kind = Texture(radiomics=True, lbp=True, hog=True)
    found = kind.of(case, data).features(data.plain("val"))
    assert found.shape == (len(data.parts["val"]), 79 + 10 + 128)
    for row, image in zip(found, data.plain("val"), strict=False):
        film = image.images[0, 0].numpy()
        expected = np.concatenate([glcm(film), moments(film), lbp(film), hog(film)])
        np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-6)


def test_colours_count_by_their_luminance():
    image = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    expected = (255 * rgb2gray(image)).round()
    assert np.abs(grey(image.transpose(2, 0, 1)) - expected).max() <= 1
    same = np.repeat(image[None, ..., 0], 3, 0)
    np.testing.assert_array_equal(grey(same), image[..., 0])


def test_a_run_on_texture_is_scikit_learns_pipeline_and_needs_no_network(tmp_path, outputs):
    words = ["features=radiomics", "learner.inverse_penalty=1"]
    record = run(tmp_path, outputs, *words)
    case, data = opened(outputs, *words)
    described = Texture(radiomics=True, lbp=False, hog=False).of(case, data)
    x, y = described.features(data.plain("train")), data.shown_labels[:, 0].numpy()
    # the same objective: features of unit variance, divided by the root of their number
    scaler, c = StandardScaler(), 1.0 / x.shape[1]
    pipeline = make_pipeline(scaler, LogisticRegression(C=c, max_iter=10_000, tol=1e-8))
    expected = pipeline.fit(x.astype(float), y).predict_proba(
        described.features(data.plain("test")).astype(float)
    )
    np.testing.assert_allclose(record.predictions["prob_Hernia"], expected[:, 1], atol=2e-3)
    assert record.metrics["pretraining"] == "no network"
    assert not record.model.exists()
    kept = load_file(record.folder / "scaling.safetensors")
    np.testing.assert_allclose(kept["mean"], x.astype(float).mean(0), rtol=1e-6)
    head = load_file(record.folder / "head.safetensors")
    assert head["weight"].shape == (1, 79)


def test_the_network_and_its_weights_are_not_in_the_key(tmp_path, outputs):
    first = run(tmp_path, outputs, "features=radiomics")
    other = run(
        tmp_path, outputs, "features=radiomics", "backbone=resnet50", "pretraining=imagenet"
    )
    assert first.key == other.key
    assert first.key != run(tmp_path, outputs, "features=radiomics", "features.lbp=true").key


def test_metadata_are_encoded_by_the_train_images():
    ages = Code.of(pd.Series([30.0, 50.0, np.nan], name="age"))
    found = ages.columns(pd.Series([10.0, np.nan]))
    assert found.tolist() == [[10.0, 0.0], [40.0, 1.0]]
    assert ages.names == ["age", "age unknown"]
    views = Code.of(pd.Series(["PA", "AP", "", None], name="view"))
    assert views.names == ["view AP", "view PA"]
    found = views.columns(pd.Series(["PA", "LATERAL", "", None]))
    assert found.tolist() == [[0, 1], [0, 0], [0, 0], [0, 0]]


def test_numbers_that_a_table_has_as_text_are_numbers(capsys):
    code = Code.of(pd.Series(["1,5", "2.5", "", None], name="crp"))
    assert code.words is None
    assert code.columns(pd.Series(["3,5", "", "x"])).tolist() == [[3.5, 0], [2, 1], [2, 1]]
    Code.of(pd.Series([f"p{k}" for k in range(60)], name="scanner"))
    assert "scanner has 60 words in 60 train images" in capsys.readouterr().err


def test_columns_of_words_and_numbers_are_chosen_as_far_as_the_data_have_them():
    table = pd.DataFrame(
        {"image": ["a"], "patient": ["p"], "split": [""], "y": [1.0], "age": [np.nan],
         "sex": ["F"], "view": [""], "slide": ["s"]}
    )  # fmt: skip
    assert Metadata(None).chosen(table, ["y"]) == ["sex"]
    assert Metadata(["slide", "sex"]).chosen(table, ["y"]) == ["slide", "sex"]
    for columns, words in [
        (["y"], "which is to be learnt"),
        (["sexx"], r"no column sexx of metadata \(did you mean 'sex'\?\)"),
        (["patient"], "no column patient of metadata"),
        ([], "names no column, or one of them twice"),
        (["sex", "sex"], "names no column, or one of them twice"),
        (["view"], "view knows nothing of any image"),
    ]:
        with pytest.raises(MedsmallError, match=words):
            Metadata(columns).chosen(table, ["y"])
    with pytest.raises(MedsmallError, match=r"neither age, sex nor view.*\(slide\)"):
        Metadata(None).chosen(table.drop(columns="sex"), ["y"])


def test_a_run_on_metadata_sees_the_table_alone(tmp_path, outputs):
    record = run(tmp_path, outputs, "features=metadata", "learner.inverse_penalty=1")
    case, data = opened(outputs, "features=metadata")
    table = case.table.set_index("image")
    frame = record.predictions
    rows = table.loc[frame["image"], ["age", "sex", "view"]]
    alike = frame.groupby([rows[c].to_numpy() for c in rows])["prob_Hernia"]
    assert alike.nunique().max() == 1
    codes = json.loads((record.folder / "metadata.json").read_text())["columns"]
    assert [code["column"] for code in codes] == ["age", "sex", "view"]
    train_rows = case.draw.loc[case.draw["part"] == "train", "image"]
    assert codes[0]["mean"] == pytest.approx(table.loc[train_rows, "age"].mean())
    assert data.parts["train"].rows.shape == (40,)


def test_both_stand_side_by_side(tmp_path, outputs):
    record = run(tmp_path, outputs, "features=image_and_metadata", "sweep.rules=null")
    head = load_file(record.folder / "head.safetensors")
    codes = json.loads((record.folder / "metadata.json").read_text())["columns"]
    extra = sum(len(code["words"]) if code["words"] is not None else 2 for code in codes)
    alone = run(tmp_path, outputs, "features=metadata")
    assert load_file(alone.folder / "head.safetensors")["weight"].shape[1] == extra
    assert head["weight"].shape[1] > extra
    assert record.model.is_file()


def test_a_few_columns_of_a_table_are_not_lost_beside_those_of_an_image(outputs):
    case, data = opened(outputs, "features=image_and_metadata")
    given = made(case.cfg.features, Features).of(case, data)
    found = Standardised(given, data).features(data.plain("train"))
    image = found.shape[1] - given.own_units
    assert 0 < image < found.shape[1]
    whole = [found[:, :image].var(0).sum(), found[:, image:].var(0).sum()]
    np.testing.assert_allclose(whole, 1, rtol=1e-6)
    own = given.features(data.plain("train")).astype(float)
    moves = own[:, :image].std(0) > 0
    ratio = found[:, :image].std(0)[moves] / own[:, :image].std(0)[moves]
    np.testing.assert_allclose(ratio, ratio[0])
    kinds = found[:, image:].std(0)
    np.testing.assert_allclose(kinds[kinds > 0], kinds.max())


def test_other_metadata_are_another_run(outputs):
    case, _ = opened(outputs, "features=metadata")
    assert "metadata" in case.identity
    plain, _ = opened(outputs, "features=radiomics")
    assert "metadata" not in plain.identity
    table = pd.DataFrame({"image": ["a", "b"], "age": [30.0, 40.0]})
    swapped = table.assign(age=[40.0, 30.0])
    assert rows_hash(table) != rows_hash(swapped)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["features=radiomics", "features.radiomics=false"], "are all false: set one to true"),
        (["features=metadata", "features.columns=[colour]"], "no column colour of metadata"),
    ],
)
def test_what_is_no_feature_is_one_sentence(words, sentence, tmp_path, outputs):
    with pytest.raises(MedsmallError, match=sentence):
        run(tmp_path, outputs, *words)
    assert not list((tmp_path / "runs").glob("*/DONE")) if (tmp_path / "runs").is_dir() else True
