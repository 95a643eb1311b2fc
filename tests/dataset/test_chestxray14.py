import csv
import time

import numpy as np
import pytest
import real_tables

from medsmall.dataset.chestxray14 import LABELS, ChestXray14
from medsmall.dataset.files import absent_files
from medsmall.errors import MedsmallError

ROWS = [
    "00000001_000.png,Cardiomegaly|Hernia,0,1,58,M,PA,2682,2749,0.143,0.143,",
    "00000001_001.png,No Finding,1,1,060Y,M,AP,2682,2749,0.143,0.143,",
    "00000002_000.png,Pleural_Thickening,0,2,414,F,PA,2682,2749,0.143,0.143,",
    "00000003_000.png,,0,3,013M,,PA,2682,2749,0.143,0.143,",
]
HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
)


@pytest.fixture
def release(tmp_path):
    write(tmp_path, ROWS)
    (tmp_path / "train_val_list.txt").write_text("00000001_000.png\n00000001_001.png\nother.png")
    (tmp_path / "test_list.txt").write_text("00000002_000.png\r\n")
    (tmp_path / "images").mkdir()
    return tmp_path


def write(root, rows, header=HEADER + ",", name="Data_Entry_2017.csv"):
    (root / name).write_text("\n".join([header, *rows]) + "\n")


def test_the_2017_table(release):
    table = ChestXray14(str(release)).table()
    assert table["image"].tolist() == ["images/" + row[:16] for row in ROWS]
    assert table["patient"].tolist() == ["00000001", "00000001", "00000002", "00000003"]
    assert table["split"].tolist() == ["train_val", "train_val", "test", ""]
    assert table.loc[0, LABELS].to_dict() == {x: float(x in ROWS[0]) for x in LABELS}
    assert table.loc[1, LABELS].sum() == 0
    assert table.loc[3, LABELS].isna().all()
    np.testing.assert_allclose(table["age"], [58, 60, np.nan, 13 / 12])
    assert table["sex"].tolist() == ["M", "M", "F", ""]
    assert table["view"].tolist() == ["PA", "AP", "PA", "PA"]


def test_the_v2020_table_comes_first(release):
    row = "00000001_000.png,Edema,0,00000001,57,M,PA,2682,2749,0.143,0.143"
    write(release, [row], HEADER, "Data_Entry_2017_v2020.csv")
    table = ChestXray14(str(release)).table()
    assert len(table) == 1
    assert table["Edema"].tolist() == [1.0]
    assert table["patient"].tolist() == ["00000001"]


def test_kaggles_folders(release):
    (release / "images").rmdir()
    for folder, name in (("images_001", ROWS[0][:16]), ("images_012", ROWS[2][:16])):
        (release / folder / "images").mkdir(parents=True)
        (release / folder / "images" / name).touch()
    data = ChestXray14(str(release))
    table = data.table()
    assert table["image"].tolist() == [
        "images_001/images/00000001_000.png",
        "images/00000001_001.png",
        "images_012/images/00000002_000.png",
        "images/00000003_000.png",
    ]
    assert absent_files(data, table["image"]).tolist() == [False, True, False, True]


@pytest.mark.parametrize("file", ["train_val_list.txt", "test_list.txt", "Data_Entry_2017.csv"])
def test_each_needed_file_is_named_when_absent(release, file):
    (release / file).unlink()
    with pytest.raises(MedsmallError, match=file) as error:
        ChestXray14(str(release)).table()
    assert str(release) in str(error.value)
    assert "phantom=true" in str(error.value)


def test_lists_of_another_release(release):
    (release / "train_val_list.txt").write_text("x.png\n")
    (release / "test_list.txt").write_text("y.png\n")
    with pytest.raises(MedsmallError, match="None of the 4 images"):
        ChestXray14(str(release)).table()


def test_an_image_in_both_lists(release):
    (release / "test_list.txt").write_text("00000001_000.png\n")
    with pytest.raises(MedsmallError, match="1 images are in both.*00000001_000.png"):
        ChestXray14(str(release)).table()


def test_an_unknown_finding(release):
    write(release, [ROWS[0].replace("Hernia", "Infiltrate")])
    with pytest.raises(MedsmallError, match="'Infiltrate'.*did you mean 'Infiltration'"):
        ChestXray14(str(release)).table()


def test_a_missing_column(release):
    write(release, ROWS, HEADER.replace("Patient ID", "PatientID") + ",")
    with pytest.raises(MedsmallError, match="no column 'Patient ID'.*'PatientID'"):
        ChestXray14(str(release)).table()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROWS[3].replace("00000003_000.png", " "), "no Image Index in line 6: fill it in"),
        (ROWS[3].replace(",3,", ",,"), "no Patient ID in line 6"),
        (ROWS[3].replace("00000003_000.png", "../../x.png"), "'../../x.png', which is not a path"),
        (ROWS[3].replace("00000003_000.png", "/etc/x.png"), "'/etc/x.png', which is not a path"),
        (ROWS[3].replace("00000003_000.png", "..\\x.png"), "which is not a path below"),
        (ROWS[3].replace("00000003_000.png", "C:x.png"), "'C:x.png', which is not a path below"),
        (ROWS[0], "lists 1 images more than once, such as 00000001_000.png"),
    ],
)
def test_rows_that_name_no_image_of_the_release(release, row, message):
    write(release, [*ROWS, row])
    with pytest.raises(MedsmallError, match=message):
        ChestXray14(str(release)).table()


def test_views_and_ages_as_other_copies_write_them(release):
    rows = [
        f"{i:08}_000.png,No Finding,0,{i},{age},M,{view},1,1,1,1,"
        for i, (age, view) in enumerate(
            [("058Y", "PA"), ("013M", "ap"), ("001D", " PA "), ("414", "LL"), ("", ""), ("0", "AP")]
        )
    ]
    write(release, rows)
    (release / "train_val_list.txt").write_text("00000000_000.png\n")
    table = ChestXray14(str(release)).table()
    assert table["view"].tolist() == ["PA", "AP", "PA", "", "", "AP"]
    np.testing.assert_allclose(table["age"], [58, 13 / 12, 1 / 365.25, np.nan, np.nan, 0])


@pytest.mark.parametrize(
    ("name", "encoding", "told"),
    [
        ("test_list.txt", "utf-16", "not in UTF-8 but UTF-16"),
        ("train_val_list.txt", "latin-1", "byte 0xe9"),
        ("Data_Entry_2017.csv", "utf-16", "not in UTF-8 but UTF-16"),
        ("Data_Entry_2017.csv", "latin-1", "byte 0xe9.*save it as UTF-8"),
    ],
)
def test_a_file_in_another_encoding_is_named(release, name, encoding, told):
    text = (release / name).read_text() + ("é" if encoding == "latin-1" else "")
    (release / name).write_bytes(text.encode(encoding))
    with pytest.raises(MedsmallError, match=f"{name} is {told}" if "UTF-16" in told else told):
        ChestXray14(str(release)).table()


def test_a_byte_order_mark_does_not_hide_the_first_image(release):
    path = release / "test_list.txt"
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert ChestXray14(str(release)).table()["split"].tolist()[2] == "test"


def test_real_table(real_data):
    data = ChestXray14(str(real_data / "chestxray14"), targets=["Hernia"])
    table = real_tables.chestxray14(real_data)
    start = time.process_time()
    absent = absent_files(data, table["image"])
    seconds = real_tables.seconds_of_chestxray14(real_data) + time.process_time() - start
    assert seconds < 6  # about 0.6 s where nothing else runs
    assert len(table) == 112_120
    assert table["patient"].nunique() == 30_805
    assert table["split"].value_counts().to_dict() == {"train_val": 86_524, "test": 25_596}
    assert (table.groupby("patient")["split"].nunique() == 1).all()
    assert table[["Hernia", "Pneumonia", "Emphysema"]].sum().tolist() == [227, 1_431, 2_516]
    assert (~absent).sum() == len(list((real_data / "chestxray14" / "images").iterdir()))
    present = table[~absent]["image"]
    assert {data.files.read(image).ndim for image in present.iloc[::10]} == {2}


def test_real_metadata_in_both_versions_of_the_table(real_data, tmp_path):
    """The table of 2017 has a comma more at the end of each line, and ages up to 414."""
    root = real_data / "chestxray14"
    table = real_tables.chestxray14(real_data)
    assert table["view"].value_counts().to_dict() == {"PA": 67_310, "AP": 44_810}
    assert table["sex"].value_counts().to_dict() == {"M": 63_340, "F": 48_780}
    assert table["age"].isna().sum() == 0
    assert table["age"].max() == 95

    lines = (root / "Data_Entry_2017_v2020.csv").read_text().splitlines()
    ages = ["414", "148", "060Y", "013M"]
    for row, age in enumerate(ages, start=1):
        cells = lines[row].split(",")
        cells[4] = age
        lines[row] = ",".join(cells)
    (tmp_path / "Data_Entry_2017.csv").write_text("".join(f"{line},\n" for line in lines))
    for name in ("train_val_list.txt", "test_list.txt"):
        (tmp_path / name).write_bytes((root / name).read_bytes())
    older = ChestXray14(str(tmp_path)).table()
    assert older["age"].isna().sum() == 2
    np.testing.assert_allclose(older["age"][2:4], [60, 13 / 12])
    assert older.drop(columns="age").equals(table.drop(columns="age"))
    assert older["age"][len(ages) :].equals(table["age"][len(ages) :])


def test_real_labels_against_an_independent_reading(real_data):
    root = real_data / "chestxray14"
    counts = dict.fromkeys(LABELS, 0)
    with open(root / "Data_Entry_2017_v2020.csv", newline="") as file:
        for row in csv.reader(file):
            for finding in row[1].split("|"):
                if finding in counts:
                    counts[finding] += 1
    assert real_tables.chestxray14(real_data)[LABELS].sum().to_dict() == counts


class TestPhantom:
    def lines(self, phantoms):
        return (phantoms[ChestXray14] / "Data_Entry_2017.csv").read_text().splitlines()

    def test_has_the_quirks_of_2017(self, phantoms):
        header, *rows = self.lines(phantoms)
        assert header == HEADER + ","
        assert all(row.endswith(",") and row.count(",") == header.count(",") for row in rows)
        cells = [row.split(",") for row in rows]
        assert any("|" in row[1] for row in cells)
        assert any(row[1] == "No Finding" for row in cells)
        assert {row[4] for row in cells} >= {"414"}
        assert any(row[4].endswith("Y") for row in cells)
        assert {label for row in cells for label in row[1].split("|")} == {*LABELS, "No Finding"}

    def test_the_age_of_414_is_unknown(self, phantoms):
        assert ChestXray14(str(phantoms[ChestXray14])).table()["age"].isna().sum() == 1

    def test_boxes_lie_on_films_with_the_finding(self, phantoms):
        header, *rows = (phantoms[ChestXray14] / "BBox_List_2017.csv").read_text().splitlines()
        assert len(header.split(",")) == 9
        labels = {r.split(",")[0]: r.split(",")[1] for r in self.lines(phantoms)[1:]}
        assert rows
        for row in rows:
            image, finding, *box = row.split(",")
            assert finding.replace("Infiltrate", "Infiltration") in labels[image].split("|")
            x, y, w, h = map(float, box)
            assert 0 <= x < x + w <= 128
            assert 0 <= y < y + h <= 128

    def test_some_files_are_rgba(self, phantoms):
        from PIL import Image

        modes = {Image.open(p).mode for p in (phantoms[ChestXray14] / "images").iterdir()}
        assert modes == {"L", "RGBA"}

    def test_hernia_lasts_over_follow_ups(self, phantoms):
        table = ChestXray14(str(phantoms[ChestXray14])).table()
        assert (table.groupby("patient")["Hernia"].nunique() == 1).all()
        assert 0.1 < table["Hernia"].mean() < 0.25
