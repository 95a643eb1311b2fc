import json
import pickle

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from medsmall.dataset.table import Table
from medsmall.errors import MedsmallError
from medsmall.task import Task

ROWS = (
    "image,patient,edema,mass,dx,months\n"
    "a/1.png,7,1,0,nv,12.5\na/2.png,7,0,,mel,3\nb/3.png,08,0,1,bcc,40\n"
)


def table(tmp_path, text=ROWS, name="images.csv", encoding="utf-8", **options):
    (tmp_path / name).write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return Table(str(tmp_path), file=name, **options)


def refusal(data, parts):
    with pytest.raises(MedsmallError) as error:
        data.table()
    sentence = str(error.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    for part in (str(data.files.root), *parts):
        assert part in sentence
    return sentence


def test_making_one_touches_no_file(tmp_path):
    data = Table(str(tmp_path / "nowhere"))
    for read in (lambda: data.labels, lambda: data.targets, lambda: data.task, data.table):
        with pytest.raises(MedsmallError, match=r"nowhere/images.csv .*phantom=true"):
            read()


def test_columns_of_0_and_1_are_the_labels(tmp_path):
    data = table(tmp_path, patient="patient")
    assert data.labels == data.targets == ["edema", "mass"]
    assert data.task is Task.MULTILABEL
    rows = data.table()
    assert isinstance(rows.index, pd.RangeIndex)
    assert rows.columns.tolist() == [
        "image", "patient", "split", "edema", "mass", "age", "sex", "view", "dx", "months",
    ]  # fmt: skip
    assert rows["image"].tolist() == ["a/1.png", "a/2.png", "b/3.png"]
    assert rows["patient"].tolist() == ["7", "7", "08"]
    np.testing.assert_array_equal(rows["mass"], [0, np.nan, 1])
    assert rows["edema"].dtype == "float64"


def test_a_column_of_classes(tmp_path):
    data = table(tmp_path, label="dx", patient="patient")
    assert data.targets == ["bcc", "mel", "nv"]
    assert data.task is Task.MULTICLASS
    np.testing.assert_array_equal(data.table()[data.targets], np.eye(3)[[2, 1, 0]])


def test_some_of_the_classes(tmp_path):
    data = table(tmp_path, label="dx", targets=["nv", "bcc"])
    assert data.task is Task.MULTICLASS
    np.testing.assert_array_equal(data.table()[["nv", "bcc"]], [[1, 0], [np.nan, np.nan], [0, 1]])
    one = table(tmp_path, label="dx", targets=["mel"])
    assert one.task is Task.BINARY
    assert one.table()["mel"].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("classes", "positive", "expected"),
    [
        (["benign", "malignant"], None, "malignant"),
        (["malignant", "normal"], None, "malignant"),
        (["tumour", "no_tumour"], None, "tumour"),
        (["Pneumonia", "NORMAL"], None, "Pneumonia"),
        (["a", "b"], None, "b"),
        (["a", "b"], "a", "a"),
    ],
)
def test_two_classes_are_binary_with_a_positive_one(tmp_path, classes, positive, expected):
    text = f"image,dx\n1.png,{classes[0]}\n2.png,{classes[1]}\n3.png,\n"
    data = table(tmp_path, text, label="dx", positive=positive)
    assert (data.labels, data.task) == ([expected], Task.BINARY)
    values = data.table()[expected]
    np.testing.assert_array_equal(values, [classes[0] == expected, classes[1] == expected, np.nan])


def test_a_positive_that_is_no_class(tmp_path):
    data = table(tmp_path, "image,dx\n1.png,cat\n2.png,dog\n", label="dx", positive="dig")
    with pytest.raises(MedsmallError, match="did you mean 'dog'"):
        data.table()


@pytest.mark.parametrize("options", [{"targets": ["months"]}, {"label": "months"}])
def test_numbers_are_a_regression(tmp_path, options):
    data = table(tmp_path, **options)
    assert (data.targets, data.task) == (["months"], Task.REGRESSION)
    assert data.table()["months"].tolist() == [12.5, 3, 40]


def test_few_whole_numbers_in_label_are_classes_unless_said_otherwise(tmp_path):
    text = "image,grade\n1.png,0\n2.png,2.0\n3.png,10\n4.png,2\n"
    data = table(tmp_path, text, label="grade")
    assert (data.labels, data.task) == (["0", "10", "2"], Task.MULTICLASS)
    as_number = table(tmp_path, text, label="grade", task="regression")
    assert as_number.table()["grade"].tolist() == [0, 2, 10, 2]


def test_one_1_in_each_row_is_multiclass(tmp_path):
    text = "image,a,b,c\n1.png,1,0,0\n2.png,0,1,0\n3.png,0,0,1\n"
    assert table(tmp_path, text).task is Task.MULTICLASS
    assert table(tmp_path, text, task="multilabel").task is Task.MULTILABEL
    both = table(tmp_path, text.replace("0,1,0", "1,1,0"), task="multiclass")
    refusal(both, ["row 3", "has 2 classes", "multilabel"])


@pytest.mark.parametrize("cell", ["", "NaN", "n/a", "?", "null"])
def test_words_of_an_answer(tmp_path, cell):
    text = f"image,y\n1.png,True\n2.png,no\n3.png,{cell}\n4.png,1.0\n5.png,FALSE\n"
    np.testing.assert_array_equal(table(tmp_path, text).table()["y"], [1, 0, np.nan, 1, 0])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("form", ["{}", "\ufeff{}", "{}\n\n"])
def test_separators_and_marks_of_other_programs(tmp_path, separator, form):
    text = form.format(ROWS.replace(",", separator)).replace("\n", "\r\n")
    assert table(tmp_path, text).table()["edema"].tolist() == [1, 0, 0]


def test_the_line_that_excel_writes_for_itself(tmp_path):
    data = table(tmp_path, "sep=;\r\n" + ROWS.replace(",", ";"))
    assert len(data.table()) == 3


def test_parquet_is_read_like_csv(tmp_path):
    frame = pd.DataFrame({"image": ["1.png", "2.png"], "y": [True, False], "id": [7.0, 8.0],
                          "mass": [1.0, None]})  # fmt: skip
    frame.to_parquet(tmp_path / "t.parquet")
    rows = Table(str(tmp_path), file="t.parquet", patient="id").table()
    assert rows["patient"].tolist() == ["7", "8"]
    np.testing.assert_array_equal(rows[["y", "mass"]], [[1, 1], [0, np.nan]])


def test_split_age_sex_and_view(tmp_path):
    text = (
        "image,y,fold,years,gender,pos\n1.png,1,Training,41,female,AP\n2.png,0,valid,060Y,M,\n"
        "3.png,0,dev,,?,PA\n4.png,0,testing,414,,PA\n"
    )
    rows = table(tmp_path, text, split="fold", age="years", sex="gender", view="pos").table()
    assert rows["split"].tolist() == ["train", "val", "val", "test"]
    np.testing.assert_array_equal(rows["age"], [41, 60, np.nan, np.nan])
    assert rows["sex"].tolist() == ["F", "M", "", ""]
    assert rows["view"].tolist() == ["AP", "", "PA", "PA"]


def test_without_val_the_rest_is_train_val(tmp_path):
    text = "image,y,s\n1.png,1,train\n2.png,0,test\n3.png,0,train\n"
    assert table(tmp_path, text, split="s").table()["split"].tolist() == [
        "train_val", "test", "train_val",
    ]  # fmt: skip


def test_folder_suffix_and_full_paths(tmp_path):
    text = f"image,y\n1,1\nsub/2,0\n{tmp_path}/elsewhere/3,1\n"
    images = table(tmp_path, text, folder="films", suffix=".png").table()["image"]
    assert images.tolist() == ["films/1.png", "films/sub/2.png", "elsewhere/3.png"]
    windows = table(tmp_path, "image,y\na\\1.png,1\n./b/../c.png,0\n").table()["image"]
    assert windows.tolist() == ["a/1.png", "c.png"]


BAD = {
    "a missing column": ("imag,y\n1.png,1\n", {}, ["no column 'image'", "did you mean 'imag'"]),
    "no such target": (ROWS, {"targets": ["edemas"]}, ["no column 'edemas'", "mean 'edema'"]),
    "no such patient": (ROWS, {"patient": "patiend"}, ["no column 'patiend'", "mean 'patient'"]),
    "mixed types": ("image,y\n1.png,1\n2.png,maybe\n3.png,0\n", {"label": "y"},
                    ["row 3", "column 'y'", "'maybe' is not a number"]),
    "mixed targets": ("image,y\n1.png,1\n2.png,0\n3.png,5 cm\n", {"targets": ["y"]},
                      ["row 4", "'5 cm'"]),
    "commas and points": ("image;y\n1.png;1,5\n2.png;2.5\n3.png;3\n", {"targets": ["y"]},
                          ["row 2", "'1,5'", "decimal point"]),
    "thousands": ("image;y\n1.png;1,500\n2.png;2\n3.png;3\n", {"targets": ["y"]},
                  ["row 2", "'1,500'", "without the comma, or as 1.500"]),
    "text as targets": (ROWS, {"targets": ["dx"]}, ["column 'dx'", "dataset.label=dx"]),
    "two tasks": (ROWS, {"targets": ["edema", "months"]}, ["two tasks", "edema", "months"]),
    "uncertain": ("image,y\n1.png,1\n2.png,-1\n3.png,0\n", {}, ["row 3", "-1 (uncertain?)"]),
    "infinite": ("image,y\n1.png,1.5\n2.png,inf\n", {"targets": ["y"]}, ["row 3", "'inf'"]),
    "all blank": ("image,y\n1.png,\n2.png,\n", {"targets": ["y"]}, ["all are blank"]),
    "no label": ("image,note\n1.png,x\n2.png,z\n", {}, ["no column of 0 and 1", "note"]),
    "one class": ("image,y\n1.png,x\n2.png,x\n", {"label": "y"}, ["one class only (x)"]),
    "case": ("image,y\n1.png,Cat\n2.png,dog\n3.png,cat\n", {"label": "y"},
             ["row 4", "'Cat' and 'cat' are one class", "--merge"]),
    "the same row": ("image,y\n1.png,1\n2.png,0\n1.png,1\n", {},
                     ["rows 2 and 4", "1.png", "are the same", "delete one"]),
    "contradiction": ("image,y\n1.png,1\n2.png,0\n./1.png,0\n", {},
                      ["rows 2 and 4", "with '1' and '0' in 'y'"]),
    "other entries": ("image,y,z\n1.png,1,p\n2.png,0,p\n1.png,1,q\n", {},
                      ["rows 2 and 4", "same labels but other entries"]),
    "up and out": ("image,y\n1.png,1\n../2.png,0\n", {}, ["row 3", "'../2.png'", "dataset.root"]),
    "out inside": ("image,y\na/../../2.png,0\n3.png,1\n", {}, ["row 2", "dataset.root"]),
    "a full path": ("image,y\n1.png,1\n/etc/x.png,0\n", {}, ["row 3", "'/etc/x.png'"]),
    "a drive": ("image,y\n1.png,1\nC:\\x.png,0\n", {}, ["row 3", "C:\\x.png"]),
    "no image": ("image,y\n1.png,1\n,0\n", {}, ["row 3", "it names no image"]),
    "no patient": ("image,y,p\n1.png,1,7\n\n2.png,0,\n", {"patient": "p"},
                   ["row 4", "column 'p'", "names no patient"]),
    "split": ("image,y,s\n1.png,1,train\n2.png,0,holdout\n", {"split": "s"},
              ["row 3", "'holdout' is not one of train, val"]),
    "nothing": ("", {}, ["is empty"]),
    "header only": ("image,y\n", {}, ["has no rows"]),
    "too many cells": ("image,y\n1.png,1\n2.png,0,9\n", {}, ["row 3", "3 cells", "header has 2"]),
    "an open quote": ('image,y\n1.png,"1\n2.png,0,"a\nb"\n', {}, ["line", "quotes"]),
    "twice": ("image,y,y\n1.png,1,0\n", {}, ["more than one column 'y'"]),
    "code page 850": ("image,ü\n1.png,1\n".encode("cp850"), {},
                      ["neither UTF-8 nor Windows-1252", "0x81 in line 1", "iconv"]),
    "half of UTF-16": (ROWS.encode("utf-16")[:-1], {}, ["is not UTF-16", "byte order mark"]),
    "binary": (bytes(200), {}, ["not a text file"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence(tmp_path, name):
    text, options, parts = BAD[name]
    data = table(tmp_path, text, **options)
    refusal(data, parts)


def test_a_label_may_not_be_called_like_another_column(tmp_path):
    with pytest.raises(MedsmallError, match="A label cannot be called 'age'.*rename"):
        table(tmp_path, "image,age\n1.png,1\n2.png,0\n", targets=["age"]).table()


@pytest.mark.parametrize(("name", "part"), [("x.xlsx", "workbook"), ("x.parquet", "Parquet")])
def test_files_that_are_no_table(tmp_path, name, part):
    refusal(table(tmp_path, b"PK\x03\x04", name=name), [name, part])


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"modality": "xray"}, "dataset.modality cannot be 'xray'"),
        ({"task": "binray"}, "did you mean 'binary'"),
        ({"targets": []}, "targets is empty"),
        ({"targets": "y"}, r"dataset.targets=\[y\]"),
        ({"targets": ["y", "y"]}, "y more than once"),
        ({"name": "a/b"}, "dataset.name cannot be 'a/b'"),
        ({"positive": "x"}, "without dataset.label"),
        ({"label": "y", "task": "multilabel"}, "one column per label"),
        ({"missing_images": "dropp"}, "did you mean 'drop'"),
    ],
)
def test_bad_arguments(options, part):
    with pytest.raises(MedsmallError, match=part):
        Table("x", **options)


def test_a_task_that_does_not_go_with_the_targets(tmp_path):
    refused = table(tmp_path, targets=["edema", "mass"], task="binary")
    with pytest.raises(MedsmallError, match="binary does not fit 2 target"):
        refused.table()


def test_without_patients_each_image_is_one_and_that_is_said_once(tmp_path, capfd):
    data = table(tmp_path, name="said.csv")
    assert data.table()["patient"].tolist() == data.table()["image"].tolist()
    assert capfd.readouterr().err.count("every image counts as its own patient") <= 1


def test_images_are_read_as_grey_where_asked(tmp_path):
    pixels = np.dstack([np.arange(64, dtype=np.uint8).reshape(8, 8)] * 3)
    Image.fromarray(pixels).save(tmp_path / "1.png")
    data = table(tmp_path, grey=True)
    np.testing.assert_array_equal(data.files.read("1.png"), pixels[..., 0])
    np.testing.assert_array_equal(table(tmp_path).files.read("1.png"), pixels)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(data)).files.read("1.png"), pixels[..., 0]
    )


PHANTOMS = [
    {},
    {"label": "dx", "patient": "pid", "split": "part", "age": "years", "sex": "sex", "view": "v"},
    {"label": "dx", "task": "binary", "positive": "tumour"},
    {"targets": ["a", "b"], "patient": "pid", "folder": "films", "suffix": ".jpg"},
    {"targets": ["a", "b", "c"], "task": "multiclass", "file": "sub/t.parquet"},
    {"label": "months", "task": "regression", "image": "Image Index", "file": "/far/away.csv"},
]


@pytest.mark.parametrize("options", PHANTOMS, ids=json.dumps)
def test_the_phantom_has_the_columns_that_are_named(tmp_path, options):
    Table("/nowhere", **options).write_phantom(tmp_path, 24, 0)
    data = Table(str(tmp_path), **options)
    rows = data.table()
    assert rows["patient"].nunique() == 24
    assert str(data.task) == options.get("task", str(data.task))
    assert rows[data.targets].nunique().min() > 1
    for image in rows["image"]:
        assert data.files.file(image).is_file()
    assert data.files.read(rows["image"][0]).std() > 10
    if "split" in options:
        assert set(rows["split"]) == {"train", "val", "test"}
        assert (rows.groupby("patient")["split"].nunique() == 1).all()


def test_phantoms_of_other_columns_are_told_apart():
    assert len({Table("x", **options).variant for options in PHANTOMS}) == len(PHANTOMS)
    assert Table("x", label="dx").variant == Table("y", label="dx").variant
