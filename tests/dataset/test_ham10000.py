import gzip

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from medsmall.dataset.files import absent_files, present_only
from medsmall.dataset.ham10000 import ISIC, LABELS, PARTS, Ham10000
from medsmall.errors import MedsmallError
from medsmall.task import Task

HEADER = "lesion_id,image_id,dx,dx_type,age,sex,localization"
ROWS = [
    "HAM_0000001,ISIC_0029306,mel,histo,80.0,male,scalp",
    "HAM_0000001,ISIC_0024310,mel,histo,80.0,male,scalp",
    "HAM_0000002,ISIC_0029305,nv,follow_up,,unknown,unknown",
    "HAM_0000003,ISIC_0034320,vasc,consensus,5.0,female,back",
]


@pytest.fixture
def release(tmp_path):
    (tmp_path / "HAM10000_metadata.csv").write_text("\n".join([HEADER, *ROWS]) + "\n")
    return tmp_path


@pytest.fixture
def isic(tmp_path):
    """The same images as the challenge has them, where columns have another order."""
    upper = ["MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC"]
    lines = [",".join(["image", *upper])]
    groups = ["image,lesion_id,diagnosis_confirm_type"]
    for row in ROWS:
        lesion, name, dx, *_ = row.split(",")
        lines.append(",".join([name, *(f"{float(label == dx.upper())}" for label in upper)]))
        groups.append(f"{name},{lesion},histopathology")
    (tmp_path / f"{ISIC}GroundTruth.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / f"{ISIC}LesionGroupings.csv").write_text("\n".join(groups) + "\n")
    return tmp_path


def test_rows(release):
    table = Ham10000(str(release)).table()
    assert table["image"].tolist() == [
        f"{PARTS[1]}/ISIC_0029306.jpg",
        f"{PARTS[0]}/ISIC_0024310.jpg",
        f"{PARTS[0]}/ISIC_0029305.jpg",
        f"{PARTS[1]}/ISIC_0034320.jpg",
    ]
    assert table["patient"].tolist() == table["lesion"].tolist()
    assert table["lesion"].tolist() == [row.split(",")[0] for row in ROWS]
    assert table[LABELS].idxmax(axis=1).tolist() == ["mel", "mel", "nv", "vasc"]
    assert (table[LABELS].sum(axis=1) == 1).all()
    np.testing.assert_array_equal(table["age"], [80, 80, np.nan, 5])
    assert table["sex"].tolist() == ["M", "M", "", "F"]
    assert table["dx_type"].tolist() == ["histo", "histo", "follow_up", "consensus"]
    assert (table["split"] == "").all()


def test_the_isic_layout_is_the_same_data(release, isic):
    first = Ham10000(str(release)).table()
    (release / "HAM10000_metadata.csv").unlink()
    table = Ham10000(str(isic)).table()
    assert table.columns.tolist() == first.columns.tolist()
    assert table.dtypes.equals(first.dtypes)
    pd.testing.assert_frame_equal(table[["patient", *LABELS]], first[["patient", *LABELS]])
    assert table["image"].iloc[0] == f"{ISIC}Input/ISIC_0029306.jpg"
    assert table["age"].isna().all()
    folder = isic / f"{ISIC}GroundTruth"
    folder.mkdir()
    (isic / f"{ISIC}GroundTruth.csv").rename(folder / f"{ISIC}GroundTruth.csv")
    assert Ham10000(str(isic)).table().equals(table)


def test_without_groupings_images_are_lesions_and_that_is_said(isic, capsys):
    Ham10000(str(isic)).table()
    assert capsys.readouterr().err == ""
    path = isic / f"{ISIC}LesionGroupings.csv"
    path.unlink()
    table = Ham10000(str(isic)).table()
    assert table["patient"].tolist() == [row.split(",")[1] for row in ROWS]
    assert str(path) in capsys.readouterr().err


def test_a_lesion_not_in_the_groupings_is_its_own(isic):
    path = isic / f"{ISIC}LesionGroupings.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    lesions = Ham10000(str(isic)).table()["lesion"].tolist()
    assert lesions == ["HAM_0000001", "HAM_0000001", "HAM_0000002", "ISIC_0034320"]


def test_images_are_found_in_whichever_folder_they_are(release):
    for folder, name in ((PARTS[0], "ISIC_0029306"), (f"{ISIC}Input", "ISIC_0034320")):
        (release / folder).mkdir()
        Image.new("RGB", (8, 6), "red").save(release / folder / f"{name}.jpg")
    data = Ham10000(str(release), missing_images="drop")
    table = present_only(data, data.table())
    assert table["image"].tolist() == [
        f"{PARTS[0]}/ISIC_0029306.jpg",
        f"{ISIC}Input/ISIC_0034320.jpg",
    ]
    assert data.files.read(table["image"].iloc[0]).shape == (6, 8, 3)


def test_a_packed_table_is_the_plain_one(release):
    plain = Ham10000(str(release)).table()
    path = release / "HAM10000_metadata.csv"
    (release / "HAM10000_metadata.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert Ham10000(str(release)).table().equals(plain)


def test_targets_decide_the_task_and_what_is_unknown(release):
    assert Ham10000(str(release)).task is Task.MULTICLASS
    one = Ham10000(str(release), targets=["mel"])
    assert one.task is Task.BINARY
    assert one.table()["mel"].tolist() == [1, 1, 0, 0]
    two = Ham10000(str(release), targets=["nv", "mel"])
    assert two.task is Task.MULTICLASS
    table = two.table()
    np.testing.assert_array_equal(table["nv"], [0, 0, 1, np.nan])
    np.testing.assert_array_equal(table["mel"], [1, 1, 0, np.nan])
    assert table["vasc"].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("HAM_1,ISIC_0000001,melanoma,histo,80.0,male,back", "ISIC_0000001 .*'melanoma'.*akiec"),
        ("HAM_1,ISIC_0000001,,histo,80.0,male,back", "gives ISIC_0000001 the diagnosis"),
        (ROWS[0], "ISIC_0029306"),
        ("HAM_1,../ISIC_1,mel,histo,80.0,male,back", r"'\.\./ISIC_1', which is not a path below"),
        ("HAM_1,,mel,histo,80.0,male,back", "no image_id in line 6"),
    ],
)
def test_bad_rows_are_named(release, line, message):
    with (release / "HAM10000_metadata.csv").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(MedsmallError, match=message):
        Ham10000(str(release)).table()


@pytest.mark.parametrize(
    "cells", ["1,1,0,0,0,0,0", "0,0,0,0,0,0,0", "0.5,0.5,0,0,0,0,0", "1,,,,,,"]
)
def test_isic_rows_without_exactly_one_diagnosis(isic, cells):
    with (isic / f"{ISIC}GroundTruth.csv").open("a") as file:
        file.write(f"ISIC_0000001,{cells}\n")
    with pytest.raises(MedsmallError, match="does not give ISIC_0000001 exactly one"):
        Ham10000(str(isic)).table()


def test_real_sample(real_data):
    data = Ham10000(str(real_data / "ham10000"), missing_images="drop")
    table = data.table()
    assert table[LABELS].sum().to_dict() == {
        "akiec": 327, "bcc": 514, "bkl": 1_099, "df": 115, "mel": 1_113, "nv": 6_705, "vasc": 142,
    }  # fmt: skip
    assert table["patient"].nunique() == 7_470
    assert (table["patient"].value_counts() > 1).sum() == 1_956
    assert table["age"].isna().sum() == (table["sex"] == "").sum() == 57
    present = present_only(data, table)
    assert len(present) == 533
    assert set(present["image"].str.partition("/")[0]) == set(PARTS)
    assert data.files.read(present["image"].iloc[-1]).shape == (224, 224, 3)


def test_phantom_has_the_quirks(phantoms):
    data = Ham10000(str(phantoms["ham10000"]))
    table = data.table()
    assert (table[LABELS].sum() >= 6).all()
    assert table["nv"].mean() > 0.3
    assert table["patient"].nunique() == 60
    assert table["patient"].value_counts().max() > 1
    assert table["age"].isna().any()
    assert (table["sex"] == "").any()
    assert not absent_files(data, table["image"]).any()
    assert set(table["image"].str.partition("/")[0]) == set(PARTS)
    assert data.files.read(table["image"].iloc[0]).shape == (96, 128, 3)
    assert (table.groupby("lesion")[[*LABELS, "age", "sex"]].nunique() <= 1).all(axis=None)


def test_the_classes_of_the_phantom_can_be_told_apart_on_other_lesions(phantoms):
    """Nearest mean colour of the middle of the image: far better than chance, one in seven."""
    data = Ham10000(str(phantoms["ham10000"]))
    table = data.table()
    dx = table[LABELS].to_numpy().argmax(axis=1)
    middle = np.stack(
        [
            data.files.read(image)[28:68, 34:94].reshape(-1, 3).mean(axis=0)
            for image in table["image"]
        ]
    )
    odd = (table["patient"].str[-1].astype(int) % 2).to_numpy(dtype=bool)
    means = np.stack([middle[odd & (dx == k)].mean(axis=0) for k in range(len(LABELS))])
    found = ((middle[~odd][:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    per_class = [(found == k)[dx[~odd] == k].mean() for k in range(len(LABELS))]
    assert 0.3 < np.mean(per_class) < 1
