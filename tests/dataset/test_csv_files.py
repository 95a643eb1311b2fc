import gzip

import numpy as np
import pandas as pd
import pytest

from medsmall.dataset.csv_files import read_csv, read_headless_csv, read_names
from medsmall.errors import MedsmallError


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_columns_are_read_by_name(tmp_path):
    path = write(tmp_path / "a.csv", "\ufeffname,junk[a,b],y,\nx1,1,2,0.5,\nx2,1,2,,\n")
    got = read_csv(path, ["name"], ["y"])
    assert got.columns.tolist() == ["name", "y"]
    assert got["name"].tolist() == ["x1", "x2"]
    np.testing.assert_allclose(got["y"], [0.5, np.nan])


def test_gz_is_read_as_the_plain_file(tmp_path):
    text = b"a,b\n1,2\n"
    plain = read_csv(write(tmp_path / "t.csv", text), ["a"], ["b"])
    packed = read_csv(write(tmp_path / "t.csv.gz", gzip.compress(text)), ["a"], ["b"])
    pd.testing.assert_frame_equal(plain, packed)


def test_words_like_na_and_none_stay_words(tmp_path):
    path = write(tmp_path / "t.csv", "a,b\nNone,1\nNA,2\n")
    assert read_csv(path, ["a", "b"])["a"].tolist() == ["None", "NA"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "Pat,y\n1,2\n", "no column 'Path' (did you mean 'Pat'?)"),
        ("t.csv", "", "is empty"),
        ("t.csv", "Path,y\na,1\n".encode("utf-16"), "not in UTF-8 but UTF-16 (byte 0xff)"),
        ("t.csv", "Path,y\né,1\n".encode("latin-1"), "not in UTF-8 (byte 0xe9): save it as"),
        ("t.csv", b"Path,y\na,1\n\x00,2\n" + b'"', "cannot be read as a table"),
        ("t.csv.gz", b"no gzip", "cannot be read as a table"),
        ("t.csv.gz", gzip.compress(b"Path,y\n" + b"a,1\n" * 9999, mtime=0)[:40], "cannot be read"),
        ("t.csv", "Path,y\na,high\n", "not a number"),
    ],
)
def test_bad_tables_name_file_and_fault(tmp_path, name, content, message):
    path = write(tmp_path / name, content)
    with pytest.raises(MedsmallError) as error:
        read_csv(path, ["Path"], ["y"])
    assert message in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", ["a,1\nb,0,2\n", "a\n", "a,\n", "\n"])
def test_tables_without_header_must_be_full(tmp_path, content):
    with pytest.raises(MedsmallError, match="t.csv"):
        read_headless_csv(write(tmp_path / "t.csv", content), ["study", "label"])


def test_a_blank_cell_of_a_full_column_is_told_by_its_line(tmp_path):
    path = write(tmp_path / "t.csv", "Path,y\na,1\n ,2\nb,\n,3\n")
    assert len(read_csv(path, ["Path"], ["y"])) == 4
    with pytest.raises(MedsmallError, match="t.csv has no Path in line 3 and 1 more: fill it in"):
        read_csv(path, ["Path"], ["y"], full=["Path"])


def test_names_of_a_list(tmp_path):
    path = write(tmp_path / "l.txt", "\ufeffa.png\r\nb.png\n\n")
    assert read_names(path) == ["a.png", "b.png"]
    path = write(tmp_path / "l.txt", "a.png\né.png".encode("latin-1"))
    with pytest.raises(MedsmallError, match="l.txt is not in UTF-8 .byte 0xe9"):
        read_names(path)
