"""A bundle answers where numpy, Pillow and onnxruntime are all there is; damaged it does not."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bare import answer, site
from exported import exported
from files_of import files_of
from PIL import Image
from small_run import HERNIA

from medsmall.bundle.bundle import Bundle, is_bundle
from medsmall.errors import MedsmallError
from medsmall.export.code import code, needed
from medsmall.export.folder import sums
from medsmall.predict.predictor import Predictor
from medsmall.record import Record


@pytest.fixture(scope="module")
def record(train_small):
    return Record.open(train_small("sample_size=all", base=HERNIA))


@pytest.fixture(scope="module")
def bundle(record, tmp_path_factory):
    return exported(record.folder, tmp_path_factory.mktemp("bundles") / "with a space and ü")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return site(tmp_path_factory.mktemp("bare") / "site")


def test_without_torch_it_answers_as_predict_does(record, bundle, bare, tmp_path):
    films = tmp_path / "neue Aufnahmen ü"
    films.mkdir()
    for k, file in enumerate(files_of(record, record.predictions.iloc[:5])):
        shutil.copy(file, films / f"{k}.png")
    Image.fromarray(np.arange(48 * 50, dtype=np.uint16).reshape(48, 50) * 20).save(films / "x.tif")
    (films / "text.png").write_text("no image")
    (films / "empty.jpg").touch()
    (films / "cut.png").write_bytes((films / "0.png").read_bytes()[:300])
    stack = [Image.fromarray(np.full((9, 9), grey, np.uint8)) for grey in (0, 100)]
    stack[0].save(films / "many.tif", save_all=True, append_images=stack[1:])
    expected = Predictor([record], "none", plain=True).predict(films)
    for kind in ("csv", "json"):
        to = tmp_path / f"answers.{kind}"
        ran = answer(bare, bundle, films, f"to={to}")
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "4 of 10 could not be answered." in ran.stderr
        found = (
            pd.read_csv(to, keep_default_na=False, na_values={"prob_Hernia": ""})
            if kind == "csv"
            else pd.read_json(to)
        )
        assert found["image"].tolist() == expected["image"].tolist()
        np.testing.assert_allclose(found["prob_Hernia"], expected["prob_Hernia"], atol=1e-4)
        assert found["refused"].tolist() == expected["refused"].tolist()
    ran = answer(bare, bundle, films)
    assert ran.stdout.count("Hernia, 0.") == 6
    assert ran.stdout.count("Not answered: ") == 4
    assert "text.png cannot be read" in ran.stdout
    assert "has 2 frames" in ran.stdout
    assert not list((bundle / "code").rglob("__pycache__"))  # a bundle stays as it is


def test_its_command_explains_itself_and_what_is_wrong(bundle, bare, tmp_path):
    ran = answer(bare, bundle)
    assert ran.returncode == 0
    assert "python " in ran.stdout
    assert "MODEL_CARD.md" in ran.stdout
    for words, sentence in (
        ([tmp_path / "none"], "There is no image"),
        ([tmp_path], "holds no image"),
        ([bundle, "to=x.xlsx"], "must end in .csv or .json"),
        (["to=x.csv"], "There is no image"),
    ):
        ran = answer(bare, bundle, *words)
        assert ran.returncode == 2, ran
        assert sentence in ran.stderr
        assert ran.stderr.count("\n") == 1
    film = tmp_path / "film.png"
    Image.fromarray(np.eye(50, dtype=np.uint8) * 200).save(film)
    ran = answer(bare, bundle, film, f"to={film / 'x.csv'}")
    assert ran.returncode == 2, ran
    assert "cannot be written" in ran.stderr
    ran = answer(bare, bundle, tmp_path / "film.dcm")
    assert ran.returncode == 2


def test_dicom_needs_pydicom_and_says_so(real_data, record, bundle, bare, tmp_path):
    films = sorted((real_data / "dicom").glob("*.dcm"))
    ran = answer(bare, bundle, *films)
    assert ran.returncode == 2, ran
    assert ran.stdout.count("pip install pydicom") == len(films)
    both = site(tmp_path / "site", "pydicom")
    ran = answer(both, bundle, *films, f"to={tmp_path / 'a.json'}")
    found = pd.read_json(tmp_path / "a.json")
    expected = Predictor([record], "none", plain=True).predict(films)
    assert found["refused"].tolist() == expected["refused"].tolist()
    assert "" in found["refused"].tolist()
    np.testing.assert_allclose(
        found["prob_Hernia"].astype(float), expected["prob_Hernia"].astype(float), atol=1e-4
    )


def test_colour_photographs(train_small, bare, tmp_path):
    base = ["dataset=ham10000", "split=stratified", "sample_size.n=20", *HERNIA[5:]]
    record = Record.open(train_small(base=base))
    bundle = exported(record.folder, tmp_path / "b")
    files = files_of(record, record.predictions.iloc[:4])
    ran = answer(bare, bundle, *files, f"to={tmp_path / 'a.json'}")
    assert ran.returncode == 0, ran
    found = pd.read_json(tmp_path / "a.json")
    expected = Predictor([record], "none", plain=True).predict(files)
    columns = [name for name in found if name.startswith("prob_")]
    np.testing.assert_allclose(found[columns], expected[columns], atol=1e-4)
    assert found["predicted"].tolist() == expected["predicted"].tolist()


def test_from_python(record, bundle):
    files = files_of(record, record.predictions.iloc[:3])
    model = Bundle(bundle)
    found = model.predict(files)
    arrays = [np.array(Image.open(file).convert("L")) for file in files]
    for one, other in zip(found, model.predict(arrays), strict=True):
        assert one["prob_Hernia"] == other["prob_Hernia"]
    assert model.predict(str(files[0]))[0]["prob_Hernia"] == found[0]["prob_Hernia"]
    assert model.predict(np.stack(arrays)[..., None])[1]["prob_Hernia"] == found[1]["prob_Hernia"]
    with pytest.raises(MedsmallError, match="There is no image"):
        model.predict([])
    assert "cannot be answered" in model.predict(np.zeros((4, 4), np.float32))[0]["refused"]


def names_of(bundle):
    """Without what Python itself writes beside `__main__.py`."""
    files = (path for path in bundle.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sorted(path.relative_to(bundle).as_posix() for path in files)


def test_a_changed_byte_or_an_absent_file_is_told(bundle, tmp_path):
    for name in names_of(bundle):
        copy = tmp_path / "copy"
        shutil.copytree(bundle, copy)
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content)
        with pytest.raises(MedsmallError, match=r"is damaged: |its SHA256SUMS cannot be read"):
            Bundle(copy)
        (copy / name).unlink()
        with pytest.raises(MedsmallError, match=r"is absent\.|its SHA256SUMS cannot be read"):
            Bundle(copy)
        shutil.rmtree(copy)


def test_changed_code_is_not_run(bundle, bare, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    file = copy / "code" / "medsmall" / "bundle" / "command.py"
    file.write_text("1 +\n" + file.read_text())
    ran = answer(bare, copy, "x.png")
    assert ran.returncode == 2
    assert "command.py is not as it was exported" in ran.stderr
    file.unlink()
    ran = answer(bare, copy, "x.png")
    assert ran.returncode == 2
    assert "command.py cannot be read" in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [(lambda text: text.replace('"schema": 1', '"schema": 2'), "a bundle of schema 2, and this"),
     (lambda text: text.replace('"facts"', '"fact"'), "does not hold what an export writes"),
     (lambda text: text.replace('"side"', '"sides"'), "does not hold what an export writes"),
     (lambda text: "[]", "is damaged: bundle.json cannot be read"),
     (lambda text: text[:-9], "is damaged: bundle.json cannot be read")],
)  # fmt: skip
def test_another_schema(bundle, tmp_path, change, sentence):
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    text = (copy / "bundle.json").read_text("utf-8")
    (copy / "bundle.json").write_text(change(text), "utf-8")
    files = {n: (copy / n).read_bytes() for n in names_of(copy) if n != "SHA256SUMS"}
    (copy / "SHA256SUMS").write_bytes(sums(files))
    with pytest.raises(MedsmallError, match=sentence):
        Bundle(copy)


def test_it_can_be_read_only(bundle, bare, record, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o555)
    ran = answer(bare, copy, files_of(record, record.predictions.iloc[:1])[0])
    assert ran.returncode == 0
    assert "Hernia, 0." in ran.stdout
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o755)


def test_what_is_a_bundle(bundle, record):
    assert is_bundle(bundle)
    assert is_bundle(str(bundle))
    assert not is_bundle(record.folder)
    assert not is_bundle(bundle / "bundle.json")
    with pytest.raises(MedsmallError, match="is no bundle"):
        Bundle(record.folder)


def test_its_code_is_that_of_medsmall_and_no_more():
    modules = needed()
    assert {"medsmall.answer.answers", "medsmall.dataset.dicom"} <= modules
    assert not {"medsmall.record", "medsmall.model", "medsmall.answer.fitted_look"} & modules
    files = code()
    assert len(files) < 35
    root = Path(__file__).parents[2]
    for name, content in files.items():
        if name.startswith("code/medsmall/answer/") and not name.endswith("__init__.py"):
            assert content == (root / name.removeprefix("code/")).read_bytes()
    terminal = (root / "medsmall" / "bundle" / "terminal.py").read_bytes()
    assert files["code/medsmall/terminal.py"] == terminal
