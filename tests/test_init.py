import functools
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from medsmall.auto import augmentation_for
from medsmall.configs import compose
from medsmall.dataset.folder import Folder
from medsmall.dataset.guess.infer import infer, name_of
from medsmall.dataset.guess.said import Said
from medsmall.dataset.own import spreadsheet
from medsmall.dataset.table import Table
from medsmall.errors import MedsmallError
from medsmall.init import init, main, yaml_of
from medsmall.resolve import resolve
from medsmall.schema import check
from medsmall.task import Task

BOTH = {"label": "diagnosis", "patient": "PatientID", "split": "fold", "age": "age_years",
        "sex": "sex", "view": "view"}  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current folder of one's own, where conf/ is written."""
    monkeypatch.delenv("MEDSMALL_CONF", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@functools.cache
def drawn(options):
    """The files of a table with such columns (JSON) and of its images, drawn once."""
    with tempfile.TemporaryDirectory() as folder:
        Table("/nowhere", **json.loads(options)).write_phantom(Path(folder), 40, 0)
        files = [file for file in Path(folder).rglob("*") if file.is_file()]
        return {file.relative_to(folder): file.read_bytes() for file in files}


def data_in(place, **options):
    for file, content in drawn(json.dumps(options)).items():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).write_bytes(content)
    return place / options.get("file", "images.csv")


def found(place, **options):
    settings = infer(data_in(place, **options), "x").settings
    return {key: value for key, value in settings.items() if key not in ("name", "root")}


def test_each_column_is_known_by_what_it_holds_and_its_name(here):
    assert found(here / "a", **BOTH) == {
        "file": "images.csv", "image": "image", "task": "multiclass", **BOTH,
    }  # fmt: skip
    binary = found(here / "b", label="dx", task="binary", positive="tumour", patient="subject")
    assert binary == {"file": "images.csv", "image": "image", "label": "dx", "task": "binary",
                      "patient": "subject", "positive": "tumour"}  # fmt: skip


@pytest.mark.parametrize(
    ("files", "cell", "part"),
    [
        (["mask/{}.png", "raw/{}.png"], "{}.png", "<name> in mask and as many as <name> in raw"),
        (["{}.png", "{}.jpg"], "{}", "<name>.jpg in . and as many as <name>.png in ."),
        (["sub/{}.png"], "C:\\data\\sub\\{}.png", "'C:\\data\\sub\\i0.png' may be sub/i0.png"),
        (["{}.png"], "{}.PNG", "'i0.PNG' may be i0.png"),
        (["{}.png"], "{}.jpg", "'i0.jpg' may be i0.png"),
    ],
)
def test_names_that_fit_two_files_or_nearly_one_are_refused(tmp_path, files, cell, part):
    lines = ["image,dx"]
    for i in range(6):
        for file in files:
            (tmp_path / file.format(f"i{i}")).parent.mkdir(exist_ok=True)
            (tmp_path / file.format(f"i{i}")).touch()
        lines.append(f"{cell.format(f'i{i}')},{'ab'[i % 2]}")
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    with pytest.raises(MedsmallError) as error:
        infer(tmp_path / "rows.csv", "x")
    assert part in str(error.value)


def test_columns_of_0_and_1_and_numbers(here):
    several = found(here / "a", targets=["edema", "mass"], image="Image Index", patient="pid")
    assert several == {"file": "images.csv", "image": "Image Index", "patient": "pid",
                       "targets": ["edema", "mass"], "task": "multilabel"}  # fmt: skip
    one_hot = found(here / "b", targets=["mel", "nv", "bcc"], task="multiclass")
    assert (one_hot["targets"], one_hot["task"]) == (["mel", "nv", "bcc"], "multiclass")
    single = found(here / "c", targets=["pneumonia"])
    assert (single["targets"], single["task"]) == (["pneumonia"], "binary")
    number = found(here / "d", label="boneage", task="regression", file="t.parquet")
    assert (number["label"], number["task"], number["file"]) == (
        "boneage", "regression", "t.parquet",
    )  # fmt: skip


def test_the_folder_and_the_suffix_that_names_lack_are_found(here):
    settings = found(here / "a", label="dx", folder="films/all", suffix=".jpg")
    assert (settings["folder"], settings["suffix"]) == ("films/all", ".jpg")
    assert infer(here / "a", "x").kind is Table  # a folder with one table


def test_full_paths_below_the_table(here):
    file = data_in(here / "a", label="dx")
    rows = pd.read_csv(file)
    rows["image"] = [str(file.parent / image) for image in rows["image"]]
    rows.to_csv(file, index=False)
    data = infer(file, "x").data
    assert data.files.read(data.table()["image"][0]).shape == (96, 96)


def test_a_table_is_read_once(here, monkeypatch):
    file = data_in(here / "a", **BOTH)
    read, reads = spreadsheet.read, []
    monkeypatch.setattr(spreadsheet, "read", lambda path: reads.append(path) or read(path))
    infer(file, "x")
    assert len(reads) == 1


def test_a_large_table_is_said_to_be_read(here, monkeypatch, capsys):
    monkeypatch.setattr("medsmall.dataset.own.table_file.LARGE_MB", 0)
    infer(data_in(here / "large", **BOTH), "large")
    assert "large/images.csv (0 MB)" in capsys.readouterr().err.replace("\n", "")


def test_absent_images_are_dropped_and_counted(here):
    file = data_in(here / "a", label="dx")
    for image in pd.read_csv(file)["image"][:5]:
        (file.parent / image).unlink()
    result = infer(file, "x")
    assert result.settings["missing_images"] == "drop"
    assert len(result.rows) == 35
    assert any("5 of the 40 images listed are not there" in line for line in result.warnings)


def test_class_folders_with_patients_in_the_names(here):
    Folder("/nowhere", patient=r"^(person\d+)").write_phantom(here / "mine", 40, 0)
    result = infer(here / "mine", "x")
    assert result.kind is Folder
    assert result.settings["positive"] == "abnormal"
    assert result.data.table()["patient"].nunique() == 40
    (here / "mine" / "labels.csv").write_text("a,b\n1,2\n")  # a table that is about no image
    assert infer(here / "mine", "x").kind is Folder


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("image,y\nnone.png,1\n", "has no column that names files"),
        ("image,y\nimages/0001_0.png,1\nimages/0002_0.png,1|0\n", "looks like a label"),
        ("", "is empty"),
    ],
)
def test_a_table_that_cannot_be_understood(here, text, part):
    file = data_in(here / "a")
    file.write_text(text)
    with pytest.raises(MedsmallError, match=part) as error:
        infer(file, "x")
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("blank", [1, 30])
def test_blank_patients_are_refused_not_passed_over(here, blank):
    file = data_in(here / "a", label="dx", patient="PatientID")
    rows = pd.read_csv(file)
    rows.loc[4 : 3 + blank, "PatientID"] = ""
    rows.to_csv(file, index=False)
    with pytest.raises(MedsmallError) as error:
        infer(file, "x")
    sentence = str(error.value)
    assert f"{file}, row 6, column 'PatientID'" in sentence
    assert "fill it in" in sentence
    assert (f"{blank - 1} more rows" in sentence) == (blank > 1)
    assert sentence.endswith(".")
    full = rows.assign(subject=[f"S{i // 2}" for i in range(len(rows))])
    full.to_csv(file, index=False)
    assert infer(file, "x").settings["patient"] == "subject"


def test_a_measure_is_no_patient(here):
    file = data_in(here / "a", label="dx")
    rows = pd.read_csv(file)
    rows["lesion_mm"] = np.arange(len(rows)) / 8
    rows.to_csv(file, index=False)
    assert "patient" not in infer(file, "x").settings


def test_an_absent_path_and_two_tables(here):
    with pytest.raises(MedsmallError, match=r"There is no .*/nowhere"):
        infer(Path("nowhere"), "x")
    file = data_in(here / "a")
    (here / "a" / "more.csv").write_text(file.read_text())
    (here / "a" / "images").rename(here / "a" / "films")
    with pytest.raises(MedsmallError, match=r"holds images.csv, more.csv"):
        infer(here / "a", "x")


def test_names(here):
    (here / "My films").mkdir()
    (here / "My films" / "images.csv").touch()
    (here / "My films" / "study-2.csv").touch()
    assert name_of(here / "My films") == "my_films"
    assert name_of(Path("My films/images.csv")) == "my_films"
    assert name_of(Path("My films/study-2.csv")) == "study_2"


@pytest.mark.parametrize("options", [BOTH, {"targets": ["a", "b"]}], ids=["label", "targets"])
def test_the_yaml_has_every_key_with_its_comment_and_gives_the_data_back(here, options):
    result = infer(data_in(here / "a", **options), "x")
    text = yaml_of(result, "x")
    shipped = yaml.safe_load((Path(__file__).parents[1] / "conf/dataset/table.yaml").read_text())
    settings = yaml.safe_load(text)
    assert set(settings) == set(shipped)
    assert all("  # " in line for line in text.splitlines() if line[0] not in "#_")
    del settings["_target_"]
    pd.testing.assert_frame_equal(Table(**settings).table(), result.data.table())


def test_nothing_is_overwritten_or_shadowed(here, monkeypatch):
    monkeypatch.setattr("medsmall.init._audit", lambda overrides: True)
    file = data_in(here / "films", label="dx")
    written = init(file)
    assert written == here / "conf" / "dataset" / "films.yaml"
    init(file)
    written.write_text("mine")
    with pytest.raises(MedsmallError, match="--force"):
        init(file)
    assert written.read_text() == "mine"
    assert init(file, force=True).read_text().startswith("# films: ")
    for name, part in {"mura": "of medsmall itself", "a b": "--name cannot be"}.items():
        with pytest.raises(MedsmallError, match=part):
            init(file, name)
    (here / "mura").mkdir()
    file.rename(here / "mura" / "images.csv")
    (here / "films" / "images").rename(here / "mura" / "images")
    assert init(here / "mura").stem == "own_mura"
    assert sorted(path.name for path in written.parent.iterdir()) == ["films.yaml", "own_mura.yaml"]


def test_a_mistake_is_one_sentence_and_leaves_nothing(here, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["nowhere.csv"])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "nowhere.csv" in said.err
    assert not (here / "conf").exists()


@pytest.mark.parametrize("kind", ["table", "folder"])
def test_what_is_written_trains(here, kind, train_small, outputs, capsys):
    if kind == "table":
        path = data_in(here / "mine", **BOTH)
    else:
        path = here / "mine"
        Folder("/nowhere", patient=r"^(person\d+)").write_phantom(path, 40, 0)
    init(path, name="mine")
    said = capsys.readouterr().out
    assert "Audit of mine" in said
    words, question = (line.split()[3:] for line in said.splitlines()[-2:])
    assert check(compose(question[1:]))["dataset"]["name"] == "mine"
    assert check(compose(words))["dataset"]["name"] == "mine"
    small = ["backbone=tiny", "pretraining=none", "image_size_px=48", "trainer.max_epochs=1",
             "augmentation.tta_views=0"]  # fmt: skip
    if kind == "table":
        assert (train_small(base=[*words, *small]) / "DONE").exists()
    else:  # tests/test_every_data_set.py trains on such folders
        draw = resolve(compose([*words, *small, f"output_root={outputs}"])).draw
        assert set(draw["part"]) == {"train", "val", "test"}


def numbers(folder, column, values):
    """A table of `values` in `column` with an image each."""
    rng = np.random.default_rng(0)
    lines = [f"file,subject,{column}"]
    for i, value in enumerate(values):
        pixels = rng.integers(0, 256, (20, 20), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        lines.append(f"{i}.png,s{i},{value}")
    (folder / "rows.csv").write_text("\n".join(lines))
    return folder / "rows.csv"


def test_numbers_of_many_values_are_predicted_as_such(tmp_path):
    found = infer(numbers(tmp_path, "target", [5 * (i % 13) for i in range(60)]), "x")
    assert found.data.task is Task.REGRESSION


def test_the_owner_may_say_what_the_label_is(tmp_path):
    path = numbers(tmp_path, "age_years", range(20, 80))
    with pytest.raises(MedsmallError, match="--label.*--task regression"):
        infer(path, "x")
    found = infer(path, "x", said=Said(label="age_years", task="regression"))
    assert found.settings["label"] == "age_years"
    assert "age" not in found.settings
    assert found.data.task is Task.REGRESSION
    with pytest.raises(MedsmallError, match="no column .age_year. for --label .did you mean"):
        infer(path, "x", said=Said(label="age_year"))


def test_the_modality_chooses_the_augmentation(tmp_path, monkeypatch, capsys):
    path = numbers(tmp_path, "label", ["a", "b"] * 20)
    monkeypatch.chdir(tmp_path)
    written = init(path, "films", said=Said(modality="chest x-ray"))
    data = Table(**{k: v for k, v in yaml.safe_load(written.read_text()).items() if k[0] != "_"})
    assert augmentation_for(data) == "chest_safe"
    assert "medsmall.train dataset=films" in capsys.readouterr().out
    with pytest.raises(MedsmallError, match="--modality cannot be 'chest'.*did you mean"):
        init(path, "other", said=Said(modality="chest"))


def test_a_name_with_an_umlaut_becomes_one_that_hydra_reads(tmp_path):
    assert name_of(tmp_path / "Müller Ärzte") == "muller_arzte"


def test_the_options_name_the_columns_or_that_there_is_none(here):
    file = data_in(here / "a", **BOTH)
    columns = {"patient": "none", "split": "none", "age": "sex", "sex": "none"}
    settings = infer(file, "x", Said(columns=columns)).settings
    assert [settings[role] for role in columns] == [None, None, "sex", None]
    pattern = infer(file, "x", Said(id_pattern=r"^(\d+)_"))
    assert "patient" not in pattern.settings
    assert pattern.rows["patient"].nunique() == 40
    for said, part in [
        (Said(columns={"age": "years"}), "no column 'years' for --age"),
        (Said(label="sex", columns={"sex": "sex"}), "Two options name the column 'sex'"),
        (Said(columns={"patient": "PatientID"}, id_pattern="(x)"), "--patient and --id-pattern"),
        (Said(id_pattern="(nobody)"), "dataset.patient_pattern='.nobody.' fits none"),
        (Said(id_pattern="("), "dataset.patient_pattern='.' is not a regular expression"),
    ]:
        with pytest.raises(MedsmallError, match=part):
            infer(file, "x", said)


def test_the_options_for_class_folders(here):
    Folder("/nowhere", patient=r"^(person\d+)").write_phantom(here / "mine", 40, 0)
    (here / "mine/train/NORMAL").mkdir()
    next((here / "mine/train/normal").iterdir()).rename(here / "mine/train/NORMAL/person9_a.png")
    with pytest.raises(MedsmallError, match="'NORMAL' and 'normal' are one class.*--merge"):
        infer(here / "mine", "x")
    result = infer(here / "mine", "x", Said(id_pattern=r"^person(\d+)", merge=True))
    assert result.settings["merge"] == {"NORMAL": "normal"}
    assert (result.rows["abnormal"] == 0).any()
    assert set(result.rows["patient"].str.isdigit()) == {True}
    none = infer(here / "mine", "x", Said(columns={"patient": "none"}, merge=True))
    assert none.settings["patient"] is None
    with pytest.raises(MedsmallError, match="--patient pid names a column.*--id-pattern"):
        infer(here / "mine", "x", Said(columns={"patient": "pid"}))


def test_id_pattern_none_is_no_patient(here, monkeypatch):
    monkeypatch.setattr("medsmall.init._audit", lambda overrides: True)
    Folder("/nowhere", patient=r"^(person\d+)").write_phantom(here / "mine", 40, 0)
    written = here / "conf/dataset/mine.yaml"
    main([str(here / "mine")])
    assert "person" in (guess := yaml.safe_load(written.read_text())["patient"])
    main([str(here / "mine"), "--id-pattern", "none"])
    assert yaml.safe_load(written.read_text())["patient"] is None
    with pytest.raises(SystemExit):
        main([str(here / "mine"), "--id-pattern", "none", "--patient", "pid"])
    main([str(here / "mine"), "--force"])
    assert yaml.safe_load(written.read_text())["patient"] == guess


def test_a_second_call_says_what_it_changes(here, monkeypatch, capsys):
    monkeypatch.setattr("medsmall.init._audit", lambda overrides: True)
    file = data_in(here / "films", **BOTH)
    main([str(file)])
    main([str(file)])
    assert "Nothing to change in " in capsys.readouterr().err
    main([str(file), "--patient", "none", "--split", "none"])
    said = capsys.readouterr()
    assert "Updated: " in said.err
    assert "  patient: PatientID -> none\n  split: fold -> none\n" in said.out


def test_what_comes_next_depends_on_the_audit(here, capsys):
    table = data_in(here, label="diagnosis", patient="PatientID")
    init(table, name="mine")
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "python -m medsmall.train dataset=mine",
        "python -m medsmall.plan -m +experiment=which_pretraining dataset=mine",
    ]
    rows = pd.read_csv(table, dtype=str)
    other = next(one for one in rows["diagnosis"] if one != rows["diagnosis"][0])
    copy = rows.iloc[[0]].assign(PatientID="another", image="copy.png", diagnosis=other)
    (table.parent / "copy.png").write_bytes((table.parent / rows["image"][0]).read_bytes())
    pd.concat([rows, copy]).to_csv(table, index=False)
    init(table, name="mine")
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "python -m medsmall.audit dataset=mine"
    assert "audit.drop=[identical_images,near_duplicates]" in told.err
