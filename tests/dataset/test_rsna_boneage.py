import csv
import gzip

import cv2
import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score

from medsmall.dataset.files import absent_files, present_only
from medsmall.dataset.rsna_boneage import FOLDER, NESTED, RsnaBoneAge
from medsmall.errors import MedsmallError
from medsmall.phantom import hand
from medsmall.split import ByPatient, Official
from medsmall.task import Task

ROWS = ["1377,180,False", "1379,94,False", "1380,1,True", "4360,228,TRUE", "15610,57,"]


@pytest.fixture
def release(tmp_path):
    write(tmp_path, ROWS)
    (tmp_path / FOLDER).mkdir()
    return tmp_path


def write(root, rows, header="id,boneage,male"):
    (root / f"{FOLDER}.csv").write_text("\n".join([header, *rows]) + "\n")


def test_rows(release):
    data = RsnaBoneAge(str(release))
    table = data.table()
    assert data.task is Task.REGRESSION
    assert data.targets == ["boneage"]
    assert table["image"].tolist() == [f"{FOLDER}/{row.split(',')[0]}.png" for row in ROWS]
    assert table["patient"].tolist() == ["1377", "1379", "1380", "4360", "15610"]
    assert table["boneage"].tolist() == [180, 94, 1, 228, 57]
    assert table["sex"].tolist() == ["F", "F", "M", "M", ""]
    assert table["age"].isna().all()
    assert set(table["split"]) == {""}


def test_columns_may_stand_in_any_order(release):
    expected = RsnaBoneAge(str(release)).table()
    turned = [",".join([*reversed(row.split(",")), "x"]) for row in ROWS]
    write(release, turned, "male,boneage,id,note")
    assert RsnaBoneAge(str(release)).table().equals(expected)


def test_a_packed_table_is_the_plain_one(release):
    plain = RsnaBoneAge(str(release)).table()
    path = release / f"{FOLDER}.csv"
    (release / f"{FOLDER}.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert RsnaBoneAge(str(release)).table().equals(plain)


def test_kaggles_inner_folder(release):
    (release / NESTED).mkdir()
    for image in (f"{NESTED}/1377.png", f"{NESTED}/.DS_Store", f"{FOLDER}/1379.png"):
        (release / image).touch()
    data = RsnaBoneAge(str(release))
    table = data.table()
    folders = table["image"].str.rpartition("/")[0].tolist()
    assert folders == [NESTED, FOLDER, NESTED, NESTED, NESTED]
    assert absent_files(data, table["image"]).tolist() == [False, False, True, True, True]
    with pytest.raises(MedsmallError, match=f"3 of the 5 images listed are absent.*{NESTED}/1380"):
        present_only(data, table)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("7,0,True", "boneage '0' in row 6 below the header (id 7), where it must be months"),
        ("7,999,True", "boneage '999' in row 6"),
        ("7,-4,True", "boneage '-4' in row 6"),
        ("7,twelve,True", "boneage 'twelve' in row 6"),
        ("7,nan,True", "boneage 'nan' in row 6"),
        ("7,inf,True", "boneage 'inf' in row 6"),
        ("7,,True", "boneage '' in row 6"),
        (",94,True", "id '' in row 6"),
        ("../7,94,True", "id '../7' in row 6 below the header (id ../7), where it must be a whole"),
        ("1377,94,True", "id '1377' in row 6 below the header (id 1377), where it must be unique"),
        ("7,94,maybe", "male 'maybe' in row 6 below the header (id 7), where it must be True, F"),
    ],
)
def test_wrong_cells_are_named(release, row, message):
    write(release, [*ROWS, row])
    with pytest.raises(MedsmallError) as error:
        RsnaBoneAge(str(release)).table()
    assert message in str(error.value)
    assert str(release / f"{FOLDER}.csv") in str(error.value)


def test_the_test_table_of_the_challenge_is_no_label_table(release):
    write(release, ["4360,M"], "Case ID,Sex")
    with pytest.raises(MedsmallError, match="no column 'id'"):
        RsnaBoneAge(str(release)).table()


def test_an_absent_table_is_named(release):
    (release / f"{FOLDER}.csv").unlink()
    with pytest.raises(MedsmallError, match=rf"holds no {FOLDER}.csv or {FOLDER}.csv.gz"):
        RsnaBoneAge(str(release)).table()


def test_real_table(real_data):
    root = real_data / "tables" / "rsna_boneage"
    table = RsnaBoneAge(str(root)).table()
    assert len(table) == table["patient"].nunique() == 12_611
    assert table["sex"].value_counts().to_dict() == {"M": 6_833, "F": 5_778}
    assert [table["boneage"].min(), table["boneage"].max()] == [1, 228]
    with open(root / f"{FOLDER}.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert table["boneage"].tolist() == [float(line["boneage"]) for line in lines]
    assert table["image"].tolist() == [f"{FOLDER}/{line['id']}.png" for line in lines]


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    data = RsnaBoneAge(str(tmp_path_factory.mktemp("boneage")))
    data.write_phantom(data.files.root, 100, 0)
    return data


def test_the_phantom_is_as_the_release(phantom):
    table = phantom.table()
    lines = (phantom.files.root / f"{FOLDER}.csv").read_text().splitlines()
    assert lines[0] == "id,boneage,male"
    assert {line.split(",")[2] for line in lines[1:]} == {"True", "False"}
    assert table["boneage"].min() < 12
    assert table["boneage"].max() > 210
    shapes = {phantom.files.read(image).shape for image in table["image"]}
    assert len(shapes) > 63
    assert not absent_files(phantom, table["image"]).any()
    ByPatient().assign(table, phantom.targets)
    with pytest.raises(MedsmallError, match="no official split"):
        Official().assign(table, phantom.targets)


def test_the_age_can_be_learned_from_the_picture_but_not_from_its_tone(phantom):
    table = phantom.table()
    films = [phantom.files.read(image) for image in table["image"]]
    small = np.array([cv2.resize(f, (24, 32), interpolation=cv2.INTER_AREA).ravel() for f in films])
    tone = np.array([np.percentile(film, [1, 10, 25]) for film in films])
    months, score = table["boneage"].to_numpy(), {}
    for name, features in (("picture", small / 255), ("tone", tone / 255)):
        fitted = RidgeCV(np.logspace(-2, 3, 11)).fit(features[:70], months[:70])
        score[name] = r2_score(months[70:], fitted.predict(features[70:]))
    assert score["picture"] > 0.6
    assert score["tone"] < 0.3


class TestHand:
    def film(self, months, sex="F", child=0):
        build = hand.build(np.random.default_rng(child))
        return hand.hand(build, months, sex, np.random.default_rng(1), (160, 128))

    def test_bone_grows_with_age(self):
        for child in range(3):
            bright = [
                (film > np.percentile(film, 50) + 60).mean()
                for film in (self.film(months, child=child) for months in (6, 60, 120, 200))
            ]
            assert sorted(bright) == bright
            assert bright[-1] > 1.5 * bright[0]

    def test_girls_are_ahead_of_boys(self):
        assert hand.maturity(120, "F") > hand.maturity(120, "M")
        assert hand.maturity(228, "F") == hand.maturity(228, "M") == 1
        changed = self.film(120, "F").astype(int) - self.film(120, "M")
        assert np.abs(changed).max() > 40

    def test_nothing_changes_once_the_plates_have_closed(self):
        np.testing.assert_array_equal(self.film(205, "F"), self.film(228, "F"))
        assert (self.film(205, "M") != self.film(228, "M")).any()
