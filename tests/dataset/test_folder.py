import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import set_pixel_data
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from medsmall.dataset.folder import Folder
from medsmall.errors import MedsmallError
from medsmall.task import Task

PIXELS = np.arange(64, dtype=np.uint8).reshape(8, 8)


def filled(root, *files):
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".png", ".jpg", ".tif"):
            Image.fromarray(PIXELS).save(path)
        else:
            path.write_bytes(b"x")
    return root


def write_dicom(path):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, "1.2.3"
    set_pixel_data(data, PIXELS, "MONOCHROME2", 8)
    data.save_as(path, enforce_file_format=True)


def test_a_folder_per_class(tmp_path):
    root = filled(tmp_path, "b/1.png", "a/2.jpg", "c/deep/er/3.tif", "c/4.png")
    data = Folder(str(root))
    assert data.labels == data.targets == ["a", "b", "c"]
    assert data.task is Task.MULTICLASS
    rows = data.table()
    assert rows["image"].tolist() == ["a/2.jpg", "b/1.png", "c/4.png", "c/deep/er/3.tif"]
    assert rows["patient"].tolist() == rows["image"].tolist()
    np.testing.assert_array_equal(rows[["a", "b", "c"]], np.eye(3)[[0, 1, 2, 2]])
    assert set(rows["split"]) == {""}


@pytest.mark.parametrize(
    ("classes", "positive", "expected"),
    [("NORMAL PNEUMONIA", None, "PNEUMONIA"), ("Parasitized Uninfected", None, "Parasitized"),
     ("benign malignant", None, "malignant"), ("cancer non-cancer", None, "cancer"),
     ("0 1", None, "1"), ("cat dog", None, "dog"), ("cat dog", "cat", "cat"),
     ("benign normal", None, "normal")],
)  # fmt: skip
def test_two_classes_are_binary(tmp_path, classes, positive, expected):
    first, second = classes.split()
    data = Folder(str(filled(tmp_path, f"{first}/1.png", f"{second}/1.png")), positive=positive)
    assert (data.labels, data.task) == ([expected], Task.BINARY)
    assert data.table()[expected].tolist() == [first == expected, second == expected]


def test_one_class_against_the_others(tmp_path):
    data = Folder(str(filled(tmp_path, "a/1.png", "b/1.png", "c/1.png")), targets=["b"])
    assert data.task is Task.BINARY
    assert data.table()["b"].tolist() == [0, 1, 0]
    with pytest.raises(MedsmallError, match="did you mean 'b'"):
        _ = Folder(str(tmp_path), targets=["B"]).targets


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["train", "val", "test"], ["train", "val", "test"]),
        (["Training", "valid", "testing"], ["train", "val", "test"]),
        (["train", "test"], ["train_val", "test"]),
    ],
)
def test_parts_above_the_classes(tmp_path, names, parts):
    filled(tmp_path, *(f"{name}/{kind}/1.png" for name in names for kind in "ab"))
    rows = Folder(str(tmp_path)).table()
    assert set(rows["split"]) == set(parts)
    for name, part in zip(names, parts, strict=True):
        assert set(rows["split"][rows["image"].str.startswith(f"{name}/")]) == {part}


def test_parts_beside_other_folders_are_refused(tmp_path):
    filled(tmp_path, "train/a/1.png", "train/b/1.png", "chest_xray/train/a/1.png", ".git/a/1.png")
    with pytest.raises(MedsmallError, match="holds train beside chest_xray: "):
        Folder(str(tmp_path)).table()


def test_one_part_under_two_names_is_refused(tmp_path):
    filled(tmp_path, "train/a/1.png", "val/a/1.png", "valid/b/1.png")
    with pytest.raises(MedsmallError, match="val, valid"):
        Folder(str(tmp_path)).table()


def test_what_systems_leave_behind_is_passed_over_and_other_files_are_counted(tmp_path, capfd):
    filled(tmp_path, "a/1.png", "b/2.png", ".DS_Store", "a/.DS_Store", "b/Thumbs.db", "a/._1.png",
           "__MACOSX/a/1.png", ".hidden/1.png")  # fmt: skip
    assert len(Folder(str(tmp_path), name="clean").table()) == 2
    assert "passed over" not in capfd.readouterr().err
    filled(tmp_path, "a/notes.txt", "readme", "stray.png")
    assert len(Folder(str(tmp_path), name="untidy").table()) == 2
    assert "untidy: 3 files under" in capfd.readouterr().err


def test_dicom_with_and_without_suffix_is_an_image(tmp_path):
    filled(tmp_path, "a/1.png", "b/0000.txt")
    for name in ("x.dcm", "IM0001", "1.2.840.11"):
        write_dicom(tmp_path / "b" / name)
    data = Folder(str(tmp_path))
    assert data.table()["image"].tolist() == ["a/1.png", "b/1.2.840.11", "b/IM0001", "b/x.dcm"]
    np.testing.assert_array_equal(data.files.read("b/IM0001"), PIXELS)


def test_patients_from_file_names(tmp_path, capfd):
    filled(tmp_path, "a/person1_bacteria_1.png", "b/person1_virus_2.png", "b/person12_1.png",
           "b/IM-1.png", "deep/person3/4.png")  # fmt: skip
    rows = Folder(str(tmp_path), patient=r"^(person\d+)", name="some").table()
    assert dict(zip(rows["image"], rows["patient"], strict=True)) == {
        "a/person1_bacteria_1.png": "person1", "b/person1_virus_2.png": "person1",
        "b/person12_1.png": "person12", "b/IM-1.png": "b/IM-1.png",
        "deep/person3/4.png": "deep/person3/4.png",
    }  # fmt: skip
    assert "dataset.patient fits 3 of 5 file names" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("pattern", "part"),
    [("^(person", "not a regular expression"), (r"person\d+", "0 groups"), ("(a)(b)", "2 groups")],
)
def test_a_bad_expression(pattern, part):
    with pytest.raises(MedsmallError, match=part):
        Folder("x", patient=pattern)


def test_an_expression_that_fits_nothing(tmp_path):
    data = Folder(str(filled(tmp_path, "a/1.png", "b/2.png")), patient=r"^(person\d+)")
    with pytest.raises(MedsmallError, match="fits none of the 2 file names") as error:
        data.table()
    assert "a/1.png" in str(error.value)


@pytest.mark.parametrize(
    ("files", "part"),
    [
        (["a/1.png"], r"one class only \(a\)"),
        (["1.png", "2.png"], "no images in class folders"),
        (["a/x.txt", "b/y.txt"], "no images in class folders"),
        (["age/1.png", "b/y.png", "c/y.png"], "cannot be called 'age'"),
    ],
)
def test_folders_that_hold_no_classes(tmp_path, files, part):
    with pytest.raises(MedsmallError, match=part):
        Folder(str(filled(tmp_path, *files))).table()


def test_an_absent_folder(tmp_path):
    data = Folder(str(tmp_path / "nowhere"))
    with pytest.raises(MedsmallError, match="phantom=true") as error:
        _ = data.task
    assert str(tmp_path / "nowhere") in str(error.value)


@pytest.mark.parametrize("options", [
    {}, {"positive": "tumour"}, {"targets": ["x", "y", "z"]}, {"patient": r"^(person\d+)"},
    {"patient": r"^(\d+)-"}, {"patient": "_IM-(.*)"},
])  # fmt: skip
def test_the_phantom(tmp_path, options):
    absent = Folder("/nowhere", **options)
    if options.get("patient") == "_IM-(.*)":
        with pytest.raises(MedsmallError, match="dataset.patient=null"):
            absent.write_phantom(tmp_path, 24, 0)
        return
    absent.write_phantom(tmp_path, 24, 0)
    data = Folder(str(tmp_path), **options)
    rows = data.table()
    assert rows["patient"].nunique() == 24
    assert set(rows["split"]) == {"train", "val", "test"}
    assert (rows.groupby("patient")["split"].nunique() == 1).all()
    assert rows.groupby("split")[data.targets].sum().min().min() > 0


def test_real_folders(real_data):
    films = Folder(str(real_data / "chest_xray"), patient=r"^(person\d+)")
    rows = films.table()
    assert films.labels == ["PNEUMONIA"]
    assert len(rows) == 1431
    assert set(rows["split"]) == {"train_val", "test"}
    cells = Folder(str(real_data / "malaria" / "cell_images"))
    assert cells.labels == ["Parasitized"]
    assert cells.table()["Parasitized"].sum() == 200
    assert cells.files.read(cells.table()["image"][0]).ndim == 3


def test_a_link_to_a_folder_above_counts_no_image_twice(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / name / "1.png")
    (tmp_path / "a" / "up").symlink_to("..")
    assert len(Folder(str(tmp_path)).table()) == 2
