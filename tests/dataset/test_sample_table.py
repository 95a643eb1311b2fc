from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medsmall.dataset.patients import one_spelling
from medsmall.dataset.sample_table import (
    age_in_years,
    below_release,
    check_images,
    one_hot,
    sample_table,
    sex_of,
)
from medsmall.errors import MedsmallError


def test_what_a_release_does_not_tell_is_unknown():
    table = sample_table(["a", "b"], ["1", "2"], {"y": np.array([0.0, 1.0])})
    assert table.columns.tolist() == ["image", "patient", "split", "y", "age", "sex", "view"]
    assert table.dtypes.astype("str").tolist() == ["str"] * 3 + ["float64"] * 2 + ["str"] * 2
    assert table["age"].isna().all()
    assert set(table["split"]) == set(table["sex"]) == set(table["view"]) == {""}


def test_other_columns_follow_with_text_as_str():
    others = {"x": np.array([0.5, 2]), "place": pd.Series(["arm", None], dtype="object")}
    table = sample_table(["a", "b"], ["1", "2"], {}, "test", others=others)
    assert table.columns.tolist()[-2:] == ["x", "place"]
    assert table[["x", "place"]].dtypes.astype("str").tolist() == ["float64", "str"]
    assert table["place"].isna().tolist() == [False, True]


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
    got = age_in_years(pd.Series([written, "30", None]))
    assert got.dtype == "float64"
    np.testing.assert_allclose(got, [years, 30, np.nan])


def test_numeric_ages_and_no_ages():
    np.testing.assert_allclose(age_in_years(pd.Series([3, 414])), [3, np.nan])
    assert age_in_years(pd.Series([], dtype="str")).dtype == "float64"


def test_sexes():
    column = pd.Series(["F", "M", "Female", "Male", "male", "Unknown", "", None, "O"])
    assert sex_of(column).tolist() == ["F", "M", "F", "M", "M", "", "", "", ""]


def test_the_release_folder_is_cut_off_whatever_it_is(tmp_path):
    paths = pd.Series(["CheXpert-v1.0/a/b.jpg", "CheXpert-v1.0-small/c/d.jpg"])
    got = below_release(paths, tmp_path / "t.csv", depth=2)
    assert got.tolist() == ["a/b.jpg", "c/d.jpg"]


@pytest.mark.parametrize("path", ["a.jpg", "r/a.jpg", "r/a/b/c.jpg"])
def test_foreign_paths_are_refused(tmp_path, path):
    with pytest.raises(MedsmallError, match=f"'{path}'"):
        below_release(pd.Series([path]), tmp_path / "t.csv", depth=2)


CLASSES = ["a", "b", "c"]


def test_all_classes_are_one_hot():
    columns = one_hot(["b", "a", "c", "b"], CLASSES, CLASSES[::-1])
    assert list(columns) == CLASSES
    np.testing.assert_array_equal(np.stack(list(columns.values())), np.eye(3)[:, [1, 0, 2, 1]])
    assert columns["a"].dtype == np.float64


def test_rows_of_classes_not_asked_for_are_unknown():
    columns = one_hot(["b", "a", "c"], CLASSES, ["c", "a"])
    np.testing.assert_array_equal(columns["a"], [np.nan, 1, 0])
    np.testing.assert_array_equal(columns["c"], [np.nan, 0, 1])
    np.testing.assert_array_equal(columns["b"], [1, 0, 0])


def test_one_class_is_against_the_rest():
    columns = one_hot(["b", "a", "c"], CLASSES, ["a"])
    np.testing.assert_array_equal(columns["a"], [0, 1, 0])


@pytest.mark.parametrize(
    "path", ["../a.png", "a/../b.png", "/a.png", "a//b.png", "./a.png", "a\\b.png", "C:/a", "a/"]
)
def test_images_outside_the_root_are_refused(tmp_path, path):
    with pytest.raises(MedsmallError, match="not a path below the data set's root"):
        check_images(pd.Series(["a.png", path], dtype="str"), tmp_path / "t.csv")


def test_odd_names_below_the_root_are_images():
    images = pd.Series(["a..png", "..a/b.png", "a b/.c.png", "ä.png"], dtype="str")
    assert check_images(images, Path("t.csv")).equals(images)


def test_an_image_listed_twice_is_refused(tmp_path):
    images = pd.Series(["a.png", "b.png", "a.png"], dtype="str")
    with pytest.raises(MedsmallError, match="1 images more than once, such as a.png"):
        check_images(images, tmp_path / "t.csv")


def test_a_row_of_no_known_class_is_unknown():
    for targets in (CLASSES, CLASSES[:1]):
        columns = one_hot(pd.Series(["b", None, "c"]), CLASSES, targets)
        assert all(np.isnan(column).tolist() == [False, True, False] for column in columns.values())


@pytest.mark.parametrize("written", ["7.0", "7,0", "7,00"])
def test_the_decimals_of_a_spreadsheet_make_no_other_patient(written):
    assert one_spelling(pd.Series(["7", written, "8,0"])).tolist() == ["7", "7", "8,0"]
