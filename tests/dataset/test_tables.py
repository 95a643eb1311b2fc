import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medsmall.dataset import tables
from medsmall.errors import MedsmallError


@pytest.mark.parametrize(
    ("written", "years"),
    [
        ("58", 58), ("060Y", 60), ("013M", 13 / 12), ("001D", 1 / 365.25), ("002W", 14 / 365.25),
        ("0", 0), ("57.0", 57), ("060y", 60), (" 7 ", 7), ("120", 120),
        ("121", np.nan), ("414", np.nan), ("411Y", np.nan), ("", np.nan), ("old", np.nan),
        ("-3", np.nan), ("12Z", np.nan),
    ],
)  # fmt: skip
def test_ages(written, years):
    got = tables.age_in_years(pd.Series([written, "30", None]))
    assert got.dtype == "float64"
    np.testing.assert_allclose(got, [years, 30, np.nan])


def test_numeric_ages_and_no_ages():
    np.testing.assert_allclose(tables.age_in_years(pd.Series([3, 414])), [3, np.nan])
    assert tables.age_in_years(pd.Series([], dtype="str")).dtype == "float64"


def test_sexes():
    column = pd.Series(["F", "M", "Female", "Male", "male", "Unknown", "", None, "O"])
    assert tables.sex_of(column).tolist() == ["F", "M", "F", "M", "M", "", "", "", ""]


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_columns_are_read_by_name(tmp_path):
    path = write(tmp_path / "a.csv", "\ufeffname,junk[a,b],y,\nx1,1,2,0.5,\nx2,1,2,,\n")
    got = tables.read_csv(path, ["name"], ["y"])
    assert got.columns.tolist() == ["name", "y"]
    assert got["name"].tolist() == ["x1", "x2"]
    np.testing.assert_allclose(got["y"], [0.5, np.nan])


def test_gz_is_read_as_the_plain_file(tmp_path):
    text = b"a,b\n1,2\n"
    plain = tables.read_csv(write(tmp_path / "t.csv", text), ["a"], ["b"])
    packed = tables.read_csv(write(tmp_path / "t.csv.gz", gzip.compress(text)), ["a"], ["b"])
    pd.testing.assert_frame_equal(plain, packed)


def test_words_like_na_and_none_stay_words(tmp_path):
    path = write(tmp_path / "t.csv", "a,b\nNone,1\nNA,2\n")
    assert tables.read_csv(path, ["a", "b"])["a"].tolist() == ["None", "NA"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "Pat,y\n1,2\n", "no column 'Path' (did you mean 'Pat'?)"),
        ("t.csv", "", "is empty"),
        ("t.csv", "Path,y\na,1\n".encode("utf-16"), "not in UTF-8 but UTF-16 (byte 0xff)"),
        ("t.csv", "Path,y\né,1\n".encode("latin-1"), "not in UTF-8 (byte 0xe9): save it as"),
        ("t.csv", b"Path,y\na,1\n\x00,2\n" + b'"', "cannot be read as a table"),
        ("t.csv.gz", b"no gzip", "cannot be read as a table"),
        ("t.csv.gz", gzip.compress(b"Path,y\n" + b"a,1\n" * 9999)[:40], "cannot be read"),
        ("t.csv", "Path,y\na,high\n", "no number"),
    ],
)
def test_bad_tables_name_file_and_fault(tmp_path, name, content, message):
    path = write(tmp_path / name, content)
    with pytest.raises(MedsmallError) as error:
        tables.read_csv(path, ["Path"], ["y"])
    assert message in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", ["a,1\nb,0,2\n", "a\n", "a,\n", "\n"])
def test_tables_without_header_must_be_full(tmp_path, content):
    with pytest.raises(MedsmallError, match="t.csv"):
        tables.read_headless_csv(write(tmp_path / "t.csv", content), ["study", "label"])


def test_the_release_folder_is_cut_off_whatever_it_is(tmp_path):
    paths = pd.Series(["CheXpert-v1.0/a/b.jpg", "CheXpert-v1.0-small/c/d.jpg"])
    got = tables.below_release(paths, tmp_path / "t.csv", depth=2)
    assert got.tolist() == ["a/b.jpg", "c/d.jpg"]


@pytest.mark.parametrize("path", ["a.jpg", "r/a.jpg", "r/a/b/c.jpg"])
def test_foreign_paths_are_refused(tmp_path, path):
    with pytest.raises(MedsmallError, match=f"'{path}'"):
        tables.below_release(pd.Series([path]), tmp_path / "t.csv", depth=2)


CLASSES = ["a", "b", "c"]


def test_all_classes_are_one_hot():
    columns = tables.one_hot(["b", "a", "c", "b"], CLASSES, CLASSES[::-1])
    assert list(columns) == CLASSES
    np.testing.assert_array_equal(np.stack(list(columns.values())), np.eye(3)[:, [1, 0, 2, 1]])
    assert columns["a"].dtype == np.float64


def test_rows_of_classes_not_asked_for_are_unknown():
    columns = tables.one_hot(["b", "a", "c"], CLASSES, ["c", "a"])
    np.testing.assert_array_equal(columns["a"], [np.nan, 1, 0])
    np.testing.assert_array_equal(columns["c"], [np.nan, 0, 1])
    np.testing.assert_array_equal(columns["b"], [1, 0, 0])


def test_one_class_is_against_the_rest():
    columns = tables.one_hot(["b", "a", "c"], CLASSES, ["a"])
    np.testing.assert_array_equal(columns["a"], [0, 1, 0])


def test_a_blank_cell_of_a_full_column_is_told_by_its_line(tmp_path):
    path = write(tmp_path / "t.csv", "Path,y\na,1\n ,2\nb,\n,3\n")
    assert len(tables.read_csv(path, ["Path"], ["y"])) == 4
    with pytest.raises(MedsmallError, match="t.csv has no Path in line 3 and 1 more: fill it in"):
        tables.read_csv(path, ["Path"], ["y"], full=["Path"])


@pytest.mark.parametrize(
    "path", ["../a.png", "a/../b.png", "/a.png", "a//b.png", "./a.png", "a\\b.png", "C:/a", "a/"]
)
def test_images_outside_the_root_are_refused(tmp_path, path):
    with pytest.raises(MedsmallError, match="not a path below the data set's root"):
        tables.check_images(pd.Series(["a.png", path], dtype="str"), tmp_path / "t.csv")


def test_odd_names_below_the_root_are_images():
    images = pd.Series(["a..png", "..a/b.png", "a b/.c.png", "ä.png"], dtype="str")
    assert tables.check_images(images, Path("t.csv")).equals(images)


def test_an_image_listed_twice_is_refused(tmp_path):
    images = pd.Series(["a.png", "b.png", "a.png"], dtype="str")
    with pytest.raises(MedsmallError, match="1 images more than once, such as a.png"):
        tables.check_images(images, tmp_path / "t.csv")


def test_names_of_a_list(tmp_path):
    path = write(tmp_path / "l.txt", "\ufeffa.png\r\nb.png\n\n")
    assert tables.read_names(path) == ["a.png", "b.png"]
    path = write(tmp_path / "l.txt", "a.png\né.png".encode("latin-1"))
    with pytest.raises(MedsmallError, match="l.txt is not in UTF-8 .byte 0xe9"):
        tables.read_names(path)


def test_a_row_of_no_known_class_is_unknown():
    for targets in (CLASSES, CLASSES[:1]):
        columns = tables.one_hot(pd.Series(["b", None, "c"]), CLASSES, targets)
        assert all(np.isnan(column).tolist() == [False, True, False] for column in columns.values())
