import hashlib
import re
from collections import Counter

import cv2
import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from medsmall.dataset.chest_xray import ChestXray
from medsmall.errors import MedsmallError
from medsmall.split import ByPatient, Official, check_disjoint
from medsmall.task import Task

FILMS = {
    "train/NORMAL/IM-0115-0001.jpeg": ("IM-0115", "normal"),
    "train/NORMAL/IM-0491-0001-0002.jpeg": ("IM-0491", "normal"),
    "train/NORMAL/NORMAL2-IM-0115-0001.jpeg": ("IM-0115", "normal"),
    "train/PNEUMONIA/person12_bacteria_46.jpeg": ("person12", "bacterial"),
    "train/PNEUMONIA/person12_virus_47.jpeg": ("person12", "viral"),
    "val/NORMAL/NORMAL2-IM-1427-0001.jpeg": ("IM-1427", "normal"),
    "val/PNEUMONIA/person1946_bacteria_4874.jpeg": ("person1946", "bacterial"),
    "test/NORMAL/IM-0001-0001.jpeg": ("IM-0001", "normal"),
    "test/PNEUMONIA/person1_virus_6.jpeg": ("person1", "viral"),
}
MENDELEY = {
    "train/NORMAL/NORMAL-28501-0001.jpeg": ("28501", "normal"),
    "train/PNEUMONIA/BACTERIA-30629-0001.jpeg": ("30629", "bacterial"),
    "test/NORMAL/NORMAL-11419-0001.jpeg": ("11419", "normal"),
    "test/PNEUMONIA/VIRUS-614452-0002.jpeg": ("614452", "viral"),
}


def make(root, films):
    for film in films:
        (root / film).parent.mkdir(parents=True, exist_ok=True)
        (root / film).touch()
    return root


@pytest.mark.parametrize("films", [FILMS, MENDELEY], ids=["kaggle", "mendeley"])
def test_rows(tmp_path, films):
    table = ChestXray(str(make(tmp_path, films))).table()
    assert table["image"].tolist() == list(films)
    parts = [film.split("/")[0] for film in films]
    if films is MENDELEY:  # no val: it is to be taken from train
        parts = [part.replace("train", "train_val") for part in parts]
    assert table["split"].tolist() == parts
    assert table["patient"].tolist() == [patient for patient, _ in films.values()]
    assert table["kind"].tolist() == [kind for _, kind in films.values()]
    assert table["pneumonia"].tolist() == [float("PNEUMONIA" in film) for film in films]
    assert table["age"].isna().all()
    assert set(table["sex"]) == set(table["view"]) == {""}


def test_bacterial_and_viral_as_classes(tmp_path):
    data = ChestXray(str(make(tmp_path, FILMS)), classes="bacterial_viral")
    table = data.table()
    assert data.task is Task.MULTICLASS
    assert data.targets == data.labels == ["normal", "bacterial", "viral"]
    assert table.columns.tolist()[3:7] == [*data.labels, "age"]
    assert (table[data.labels].sum(axis=1) == 1).all()
    assert table[data.labels].idxmax(axis=1).tolist() == table["kind"].tolist()


def test_targets_of_several_classes():
    one = ChestXray("x", classes="bacterial_viral", targets=["viral"])
    assert one.task is Task.BINARY
    assert ChestXray("x").task is Task.BINARY
    with pytest.raises(MedsmallError, match="no target 'viral' .there are: pneumonia"):
        ChestXray("x", targets=["viral"])
    with pytest.raises(MedsmallError, match="classes cannot be 'bacteria' .*'bacterial_viral'"):
        ChestXray("x", classes="bacteria")
    assert ChestXray.labels == ["pneumonia"]


def test_bacterial_against_viral_leaves_the_normal_films_out(tmp_path):
    make(tmp_path, FILMS)
    data = ChestXray(str(tmp_path), classes="bacterial_viral", targets=["viral", "bacterial"])
    table = data.table()
    normal = table["kind"] == "normal"
    assert data.task is Task.MULTICLASS
    assert table.loc[normal, data.targets].isna().all(axis=None)
    assert (table.loc[~normal, data.targets].sum(axis=1) == 1).all()
    assert table["normal"].tolist() == normal.astype(float).tolist()


def test_what_an_operating_system_leaves_behind_is_passed_over(tmp_path):
    expected = ChestXray(str(make(tmp_path, FILMS))).table()
    junk = [
        ".DS_Store", "train/.DS_Store", "train/NORMAL/.DS_Store", "test/PNEUMONIA/Thumbs.db",
        "train/NORMAL/._IM-0115-0001.jpeg", "__MACOSX/chest_xray/train/NORMAL/._IM-1-0001.jpeg",
        "chest_xray/train/NORMAL/IM-0115-0001.jpeg", "chest_xray/__MACOSX/train/._NORMAL",
    ]  # fmt: skip
    assert ChestXray(str(make(tmp_path, junk))).table().equals(expected)


def test_the_inner_copy_alone_is_read(tmp_path):
    make(tmp_path, [f"chest_xray/{film}" for film in FILMS] + ["__MACOSX/train/NORMAL/._x.jpeg"])
    data = ChestXray(str(tmp_path))
    table = data.table()
    assert table["image"].tolist() == [f"chest_xray/{film}" for film in FILMS]
    assert table["split"].tolist() == [film.split("/")[0] for film in FILMS]
    assert data.files.file(table["image"][0]).is_file()


ODD = {
    "train/NORMAL/IM-0115.jpeg": ("IM-0115", "normal"),
    "train/NORMAL/film.jpeg": ("train/NORMAL/film.jpeg", "normal"),
    "train/PNEUMONIA/BACTERIA-1.png": ("1", "bacterial"),
    "train/PNEUMONIA/person447_virus_921_1.jpeg": ("person447", "viral"),
    "train/PNEUMONIA/xperson1_virus_6.jpg": ("train/PNEUMONIA/xperson1_virus_6.jpg", ""),
    "val/NORMAL/IM-0115-0001 (1).jpeg": ("IM-0115", "normal"),
    "test/PNEUMONIA/person1_fungus_6.jpeg": ("person1", ""),
    "test/PNEUMONIA/person_virus_6.jpeg": ("test/PNEUMONIA/person_virus_6.jpeg", ""),
}


def test_odd_names_are_counted_and_their_beginning_tells_the_patient(tmp_path, capfd):
    make(tmp_path, [*FILMS, *ODD])
    table = ChestXray(str(tmp_path), classes="bacterial_viral").table().set_index("image")
    told = capfd.readouterr().err
    assert "8 of 17 films have unusual names" in told
    assert "3 of these name no patient and count as one each" in told
    for image, (patient, kind) in {**FILMS, **ODD}.items():
        assert table.loc[image, ["patient", "kind"]].tolist() == [patient, kind]
    germ_unknown = table["kind"] == ""
    assert table.loc[germ_unknown, ["normal", "bacterial", "viral"]].isna().all(axis=None)
    pneumonia = ChestXray(str(tmp_path)).table()
    assert pneumonia["pneumonia"].tolist() == [float("PNEU" in i) for i in pneumonia["image"]]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("train/NORMAL/person1_virus_6.jpeg", "is viral by its name, but lies in NORMAL"),
        ("train/NORMAL/BACTERIA-1-0001.jpeg", "is bacterial by its name, but lies in NORMAL"),
        ("test/PNEUMONIA/IM-0001-0001.jpeg", "is normal by its name, but lies in PNEUMONIA"),
        ("test/PNEUMONIA/NORMAL-1-0001.jpeg", "is normal by its name, but lies in PNEUMONIA"),
    ],
)
def test_a_film_in_the_wrong_folder(tmp_path, name, message):
    make(tmp_path, [*FILMS, name])
    with pytest.raises(MedsmallError, match=message) as error:
        ChestXray(str(tmp_path)).table()
    assert str(tmp_path / name) in str(error.value)


@pytest.mark.parametrize("there", [[], ["train/NORMAL/.DS_Store"], ["other/NORMAL/a.jpeg"]])
def test_a_root_without_films(tmp_path, there):
    make(tmp_path, there)
    with pytest.raises(MedsmallError, match="chest_xray is not here.*holds no train/NORMAL"):
        ChestXray(str(tmp_path)).table()


def test_a_file_that_is_no_image(tmp_path):
    make(tmp_path, FILMS)
    with pytest.raises(MedsmallError, match="person1_virus_6.jpeg cannot be read"):
        ChestXray(str(tmp_path)).files.read("test/PNEUMONIA/person1_virus_6.jpeg")


class TestRealSample:
    @pytest.fixture(scope="class")
    def data(self, real_data):
        return ChestXray(str(real_data / "chest_xray"), classes="bacterial_viral")

    def test_counts(self, data):
        table = data.table()
        assert len(table) == 1_431
        assert table.groupby("split")[data.labels].sum().to_dict("index") == {
            "test": {"normal": 60, "bacterial": 75, "viral": 39},
            "train_val": {"normal": 353, "bacterial": 557, "viral": 347},
        }
        assert table["patient"].nunique() == 761
        images = table["image"].iloc[::150]
        assert {data.files.read(image).shape for image in images} == {(224, 224)}

    def test_numbers_in_both_parts(self, data):
        """What the docstring says of them; counted from the bare names."""
        table = data.table()
        parts = table.groupby("patient")["split"].nunique()
        shared = parts.index[parts > 1]
        assert Counter(name[:2] for name in shared) == {"pe": 41, "IM": 8}
        found: dict[str, set[str]] = {"train": set(), "test": set()}
        for path in data.files.root.rglob("person*.jpeg"):
            found[path.parts[-3]].add(re.match(r"person\d+_[a-z]+", path.name)[0])
        assert not found["train"] & found["test"]  # no number has one germ in both parts

    def test_the_official_split_is_refused_with_a_remedy(self, data):
        table = data.table()
        with pytest.raises(MedsmallError, match=r"^49 patient\(s\) have images in more than one"):
            check_disjoint(table, table["split"])
        with pytest.raises(MedsmallError, match=r"^\d+ patient\(s\) .*set split=stratified"):
            Official().assign(table, data.targets)
        split = ByPatient().assign(table, data.targets)
        for part in ("train", "val", "test"):
            assert table.loc[split == part, data.labels].sum().min() > 10


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    data = ChestXray(str(tmp_path_factory.mktemp("kermany")), classes="bacterial_viral")
    data.write_phantom(data.files.root, 60, 0)
    return data


class TestPhantom:
    def test_every_part_has_every_class(self, phantom):
        table = phantom.table()
        assert table["patient"].nunique() == 60
        assert table.groupby("split")[phantom.labels].sum().min(axis=None) > 0
        shares = table[phantom.labels].mean()
        assert shares["bacterial"] > shares["viral"]

    def test_one_person_is_in_train_and_test(self, phantom):
        table = phantom.table()
        with pytest.raises(MedsmallError, match=r"^1 patient\(s\).*\(person1\).*by_patient"):
            Official().assign(table, phantom.targets)
        ByPatient().assign(table, phantom.targets)
        assert set(table["kind"][table["patient"] == "person1"]) == {"bacterial", "viral"}

    def test_it_has_the_quirks_of_the_release(self, phantom):
        table = phantom.table()
        files = [phantom.files.file(image) for image in table["image"]]
        assert len(list(phantom.files.root.rglob("*.jpeg"))) == len(files)
        assert len(list(phantom.files.root.rglob(".DS_Store"))) == 2
        assert {Image.open(file).mode for file in files} == {"L", "RGB"}
        contents = Counter(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
        assert sorted(contents.values())[-2:] == [1, 2]
        names = " ".join(table["image"])
        assert "NORMAL2-IM-" in names
        assert re.search(r"IM-\d{4}-0001-0001", names)
        assert {phantom.files.read(image).ndim for image in table["image"]} == {2}

    def test_pneumonia_can_be_learned_but_not_from_the_tone(self, tmp_path):
        data = ChestXray(str(tmp_path))
        data.write_phantom(tmp_path, 200, 1)
        table = data.table().drop_duplicates("patient")
        films = [data.files.read(image) for image in table["image"]]
        small = [cv2.resize(f, (24, 20), interpolation=cv2.INTER_AREA).ravel() for f in films]
        tone = [[film.mean(), film.std()] for film in films]
        order = np.random.default_rng(0).permutation(len(table))
        fit, held = order[:130], order[130:]
        sick = table["pneumonia"].to_numpy()
        score = {}
        for name, features in (("picture", np.array(small)), ("tone", np.array(tone))):
            features = (features - features.mean(0)) / features.std(0)
            fitted = LogisticRegression(C=0.01, max_iter=500).fit(features[fit], sick[fit])
            score[name] = roc_auc_score(sick[held], fitted.decision_function(features[held]))
        assert score["picture"] > 0.7
        assert score["tone"] < 0.7
