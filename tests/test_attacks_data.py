"""Attacks by data: hostile tables, folders, images and records.

Each is answered by one sentence, or by the right result: never by a traceback, and nothing is
written where it does not belong. A new attack is a new line here.
"""

import gzip
import json
import os
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from small_run import HERNIA

import medsmall.init
from medsmall.audit import report
from medsmall.audit.csv_cells import inert
from medsmall.audit.findings import findings
from medsmall.audit.seen import patients_of_run, seen_by_run
from medsmall.command import mendable
from medsmall.configs import compose, options
from medsmall.dataset.folder import Folder
from medsmall.dataset.images import decode
from medsmall.dataset.opening import open_table
from medsmall.dataset.table import Table
from medsmall.init import init
from medsmall.record import Record
from medsmall.record.summary import show
from medsmall.schema import check
from medsmall.task import Task

HOME = "${oc.env:HOME}"


def answer(act):
    """What `act` gives, or the one sentence that a command would end with."""
    try:
        return act()
    except Exception as error:
        sentence = mendable(error)
        if sentence is None:
            raise
        assert "\n" not in sentence
        assert sentence.endswith(".")
        return sentence


def refused(act, *parts):
    sentence = answer(act)
    assert isinstance(sentence, str), sentence
    for part in parts:
        assert part in sentence
    return sentence


def write(folder, text, name="images.csv"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder / name


def png(path, shape=(16, 16)):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(zlib.crc32(str(path).encode())).integers(
        0, 255, shape, dtype=np.uint8
    )
    Image.fromarray(pixels).save(path, format="PNG")


ROWS = "image,patient,y\n1.png,a,1\n2.png,b,0\n3.png,c,1\n"


def rows(*lines, header="image,y"):
    return "\n".join([header, *lines]) + "\n"


TABLES = {  # content, options of Table -> a part of the sentence, or the labels
    "empty": ("", {}, "is empty"),
    "a mark alone": (b"\xef\xbb\xbf", {}, "is empty"),
    "newlines alone": ("\n\n\n", {}, "is empty"),
    "blank lines above the header": ("\n,,\n" + ROWS, {}, ["y"]),
    "a separator line alone": ("sep=;", {}, "is empty"),
    "no row": ("image,y\n", {}, "has no rows"),
    "one row": (rows("1.png,1"), {}, ["y"]),
    "UTF-16 with its mark": (ROWS.encode("utf-16"), {}, ["y"]),
    "UTF-16 without": (ROWS.encode("utf-16-be"), {}, ["y"]),
    "UTF-32": (ROWS.encode("utf-32"), {}, ["y"]),
    "latin-1": (ROWS.replace("a", "é").encode("latin-1"), {}, "no column 'image'"),
    "bytes of no text": (b"\x80\0" * 99, {}, "is not a text file"),
    "a NUL": (ROWS + "4\0.png,d,1\n", {}, "is not a text file"),
    "gzip under another name": (gzip.compress(ROWS.encode(), mtime=0), {}, ["y"]),
    "gzip cut off": (gzip.compress(ROWS.encode() * 99, mtime=0)[:60], {}, "cannot be read"),
    "old Macintosh line ends": (ROWS.replace("\n", "\r"), {}, ["y"]),
    "a broken separator line": ("sep=\r\n" + ROWS.replace(",", ";"), {}, ["y"]),
    "a quote as separator": ('sep="\nimage"y\n1.png"1\n2.png"0\n', {}, ["y"]),
    "a cell of 200 kB": (rows(f"{'x' * 200_000},1"), {}, "line 2"),
    "two columns of one name": (rows("1.png,1,0", header="image,y, y"), {}, "more than one column"),
    "columns that differ by case": (rows("1.png,1,0", "2.png,0,1", header="image,y,Y"), {},
                                    ["y", "Y"]),
    "a column without a name": (rows("1.png,a,1", "2.png,b,0", header="image,,y"), {}, ["y"]),
    "a label without a name": (rows("1.png,1", "2.png,0", header="image,,"), {"targets": [""]},
                               "where the header has 1"),
    "a line break in a header": (rows("1.png,1", "2.png,0", header='image,"y\n(yes)"'), {},
                                 ["y (yes)"]),
    "a line break in an image": (rows('"a\nb.png",1', "2.png,0"), {}, "rename the image"),
    "a line break in a class": (rows('1.png,"a\nb"', "2.png,b", "3.png,c"), {"label": "y"},
                                "blank or contains a line break"),
    "a separator of lines in a class": (rows("1.png,a\u2028b", "2.png,b", "3.png,c"),
                                        {"label": "y"}, "line break"),
    "300 columns": (rows(*(f"{i}.png," + ",".join("01"[(i + j) % 2] for j in range(300))
                             for i in range(3)), header="image," + ",".join(
                                 f"c{i}" for i in range(300))), {}, 300),
    "1,000 classes": (rows(*(f"{i}.png,c{i % 1000}" for i in range(3000))), {"label": "y"}, 1000),
    "as many classes as rows": (rows(*(f"{i}.png,c{i}" for i in range(99))), {"label": "y"},
                                "too many for classes"),
    "one class": (rows("1.png,a", "2.png,a"), {"label": "y"}, "one class only"),
    "classes that differ by accents' making": (
        rows("1.png,\u00e9", "2.png,e\u0301", "3.png,b"), {"label": "y"}, "are one class"),
    "classes that differ by blanks": (rows("1.png,a b", "2.png,a  b", "3.png,b"), {"label": "y"},
                                      "are one class"),
    "classes of 300 characters": (rows(f"1.png,{'x' * 300}", "2.png,b", "3.png,c"), {"label": "y"},
                                  3),
    "emoji, quotes and YAML words": (rows("1.png,🦴", "2.png,'", "3.png,true", "4.png,~",
                                          "5.png,1e3", "6.png,a: b", "7.png,#x", "8.png,[x]"),
                                     {"label": "y"}, 8),
    "infinity": (rows("1.png,inf", "2.png,1.5"), {"targets": ["y"]}, "row 2, column 'y'"),
    "1e300": (rows("1.png,1e300", "2.png,1.5"), {"label": "y"}, "too large"),
    "-1e39": (rows("1.png,-1e39", "2.png,1.5"), {"targets": ["y"]}, "too large"),
    "1e400": (rows("1.png,1e400", "2.png,1.5"), {"label": "y"}, "not a number"),
    "nan": (rows("1.png,nan", "2.png,1", "3.png,0"), {}, ["y"]),
    "a full-width 1": (rows("1.png,１", "2.png,0", "3.png,1"), {}, "no column of 0 and 1"),
    "no Parquet": (ROWS, {"file": "t.parquet"}, "cannot be read as Parquet"),
    "an empty Parquet": ("", {"file": "t.parquet"}, "cannot be read as Parquet"),
    "a workbook": (b"PK", {"file": "t.xlsx"}, "is a workbook"),
    "an image twice": (rows("1.png,1", "x/../1.png,0"), {}, "both list"),
    "an image of a million parts": (rows("a/" * 60_000 + "1.png,1", "2.png,0"), {}, ["y"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_tables(tmp_path, name):
    content, options, expected = TABLES[name]
    write(tmp_path, content, options.get("file", "images.csv"))
    data = Table(str(tmp_path), **options)
    found = answer(lambda: (data.table(), data.targets))
    if isinstance(expected, str):
        assert isinstance(found, str), found
        assert expected in found
    else:
        targets = found[1]
        assert expected in (targets, len(targets))
        assert set(targets) <= set(found[0].columns)


@pytest.mark.parametrize("frame", [
    {"image": [b"1.png", b"2.png"], "y": [1, 0]}, {"image": ["1.png", "2.png"], "y": [1.0, 0.0]},
    {"image": ["1.png", "2.png"], "y": [True, False], "z": [[1], [2]]},
    {"image": ["1.png", "2.png"], "y": [1, 0], "when": pd.to_datetime(["2020-01-01", None])},
], ids=["bytes", "floats", "lists", "dates"])  # fmt: skip
def test_parquet_of_other_types(tmp_path, frame):
    pd.DataFrame(frame).to_parquet(tmp_path / "t.parquet")
    table = Table(str(tmp_path), file="t.parquet").table()
    assert (table["image"].tolist(), table["y"].tolist()) == (["1.png", "2.png"], [1, 0])


@pytest.mark.parametrize(("frame", "part"), [
    ({"image": [], "y": []}, "has no rows"),
    ({"image": ["1\0.png", "2.png"], "y": [1, 0]}, "rename the image"),
    ({"image": ["1.png", "2.png"], "y": [1.5, float("inf")]}, "not a number"),
])  # fmt: skip
def test_parquet_that_is_refused(tmp_path, frame, part):
    pd.DataFrame(frame).to_parquet(tmp_path / "t.parquet")
    refused(Table(str(tmp_path), file="t.parquet", targets=["y"]).table, part)


def directory(path):
    path.mkdir()


@pytest.mark.parametrize("place", [
    lambda root: {"file": "y" * 300 + ".csv"}, lambda root: {"file": "~no-such-user/x.csv"},
    lambda root: {"root": "a" * 5000}, lambda root: {"root": "a\0b"},
    lambda root: {"root": str(write(root, "x", "f"))},
    lambda root: directory(root / "images.csv") or {},
    lambda root: (root / "images.csv").symlink_to("images.csv") or {},
    lambda root: {"root": "~no-such-user"},
], ids=["long", "no user", "long root", "NUL", "file", "folder", "link", "no home"])  # fmt: skip
def test_tables_that_are_not_there(tmp_path, place):
    options = {"root": str(tmp_path), **place(tmp_path)}
    refused(Table(**options).table, "is not here")
    if "root" in options:
        refused(Folder(options["root"] + "/none").table, "is not here")


def opened(root, *overrides):
    cfg = compose(["dataset=table", f"dataset.root={root}", *overrides])
    check(cfg)
    return open_table(cfg)[1]


@pytest.mark.parametrize("spoil", [
    directory, lambda path: path.symlink_to(path.name), lambda path: path.symlink_to("/nowhere"),
    lambda path: None,
], ids=["a folder", "a link to itself", "a link to nowhere", "absent"])  # fmt: skip
def test_listed_images_that_are_no_files(tmp_path, spoil):
    write(tmp_path, rows("1.png,1", "2.png,0"))
    png(tmp_path / "2.png")
    spoil(tmp_path / "1.png")
    refused(lambda: opened(tmp_path), "1 of the 2 images listed are absent", "1.png")
    assert opened(tmp_path, "dataset.missing_images=drop")["image"].tolist() == ["2.png"]


def test_an_image_name_longer_than_a_file_system_takes(tmp_path):
    write(tmp_path, rows("x" * 300 + ".png,1", "2.png,0"))
    png(tmp_path / "2.png")
    refused(lambda: opened(tmp_path), "absent")


def test_a_table_below_the_root_is_not_mistaken_for_one_of_its_name(tmp_path):
    write(tmp_path, rows("wrong.png,1"))
    write(tmp_path / "sub", rows("right.png,1"))
    assert Table(str(tmp_path), file="sub/images.csv").table()["image"].tolist() == ["right.png"]


# names of labels


TAKEN = ["image", "patient", "split", "age", "sex", "view", "part", "predicted", "correct"]


@pytest.mark.parametrize("name", TAKEN)
def test_a_label_is_not_called_like_a_column_of_the_record(tmp_path, name):
    text = rows(f"1.png,{name}", "2.png,b", "3.png,c")
    write(tmp_path, text)
    refused(Table(str(tmp_path), label="y").table, f"cannot be called '{name}'", "rename")
    write(tmp_path, rows("1.png,1", "2.png,0", header=f"file,{name}"))
    column = Table(str(tmp_path), image="file", targets=[name])
    refused(column.table, f"cannot be called '{name}'")
    for kind in (name, "b", "c"):
        png(tmp_path / "classes" / kind / "1.png")
    refused(Folder(str(tmp_path / "classes")).table, f"cannot be called '{name}'")


@pytest.mark.parametrize("prefix", ["prob", "pred"])
def test_a_label_is_not_called_like_the_predictions_of_another(tmp_path, prefix):
    both = f"'x' and '{prefix}_x'"
    write(tmp_path, rows("1.png,1,0", "2.png,0,1", header=f"image,x,{prefix}_x"))
    refused(Table(str(tmp_path)).table, both, "rename")
    assert Table(str(tmp_path), targets=[f"{prefix}_x"]).targets == [f"{prefix}_x"]
    write(tmp_path, rows("1.png,x", f"2.png,{prefix}_x", "3.png,c"))
    refused(Table(str(tmp_path), label="y").table, both)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current folder of one's own; the audit at the end of init is left out."""
    monkeypatch.delenv("MEDSMALL_CONF", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(medsmall.init, "_audit", lambda overrides: None)
    return tmp_path


def made(folder, header="image,patient,label", image="{i}.png", patient="p{j}", label="ab",
         file="rows.csv", n=24):  # fmt: skip
    """A table of `n` images, two of each patient, that are there."""
    lines = []
    for i in range(n):
        name = image.format(i=i)
        png(folder / name)
        kind = label[i // 2 % len(label)]
        lines.append(f"{name},{patient.format(i=i, j=i // 2)},{kind}")
    return write(folder, rows(*lines, header=header), file)


def initialised(path, **options):
    """What a config with the YAML of init opens."""
    name = init(path, **options).stem
    cfg = compose([f"dataset={name}", "split=stratified"])
    check(cfg)
    return open_table(cfg)


@pytest.fixture(scope="module")
def of_a_table():
    """A config whose data set is to be replaced: one with options of one's own takes 0.2 s."""
    return compose(["dataset=table", "split=stratified"])


@pytest.fixture
def described(of_a_table):
    """What the YAML of init opens, whatever its name: see `initialised`."""

    def opened(path, **options):
        cfg = of_a_table.copy()
        cfg.dataset = OmegaConf.load(init(path, **options))
        check(cfg)
        return open_table(cfg)

    return opened


def test_init_refuses_what_cannot_be_recorded_and_writes_nothing(here):
    for i, label in enumerate((["x", "prob_x", "c"], ["part", "b", "c"], ["correct", "b"])):
        path = made(here / f"data{i}", label=label)
        refused(lambda path=path: init(path), "cannot be called")
    assert not (here / "conf").exists()


NAMES = ["null", "NULL", "true", "False", "nan", "inf", "~", "1e3", "0x1f", "1_000", "a b", "",
         "..", "a/b", "x.y", "é", "🦴", "${x}", "a=b", "a,b", "-x", "a\nb", "x" * 300, "table",
         "chexpert"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_no_config_can_have(here, name):
    path = made(here / "data")
    sentence = answer(lambda: init(path, name=name))
    assert "--name" in sentence
    assert len(sentence) < 400
    assert not (here / "conf").exists()


@pytest.mark.parametrize("name", ["no", "on", "yes", "_", "null2", "n", "A-1", "None"])
def test_names_that_look_odd_but_serve(here, name):
    dataset, table = initialised(made(here / "data"), name=name)
    assert (dataset.name, len(table)) == (name, 24)


FILES = ["null.csv", "true.csv", "1e3.csv", "a b.csv", "é.csv", "a'b.csv", "~.csv", "#.csv",
         "x" * 200 + ".csv", "🦴.csv", "-x.csv", "%s.csv"]  # fmt: skip


def on_a_command_line(override):
    return OverridesParser.create().parse_override(override).value()


@pytest.mark.parametrize("file", FILES)
def test_files_with_odd_names_get_a_name_that_serves(here, described, file):
    dataset, table = described(made(here / "data", file=file))
    assert len(table) == 24
    assert dataset.name in options("dataset")
    assert on_a_command_line(f"dataset={dataset.name}") == dataset.name


IMAGES_CALLED = [
    HOME.replace("{", "{{").replace("}", "}}") + "{i}.png", "=1+{i}.png", "-{i}.png", "a b{i}.png",
    "'{i}'.png", "ü{i}.png", "🦴{i}.png", "a#{i}.png", "%2e{i}.png", "~{i}.png", "~/{i}.png",
    "{i}.PNG", "a;{i}.png", "x" * 200 + "{i}.png",
]  # fmt: skip


@pytest.mark.parametrize("image", IMAGES_CALLED)
def test_images_with_odd_names_are_found_as_they_are(here, described, image):
    table = described(made(here / "data", image=image))[1]
    assert table["image"].tolist() == [image.format(i=i) for i in range(24)]
    assert table["patient"].nunique() == 12


@pytest.mark.parametrize("place", ["label", "patient", "image", "file", "folder", "positive"])
def test_what_a_config_would_resolve_stays_what_it_is(here, described, place):
    options = {
        "label": {"header": f"image,patient,{HOME} label"},
        "patient": {"header": f"image,patient {HOME},label"},
        "image": {"header": f"{HOME},patient,label"},
        "file": {"file": f"{HOME}.csv"},
        "folder": {},
        "positive": {"label": [HOME, "normal"]},
    }[place]
    path = made(here / (HOME if place == "folder" else "data"), **options)
    dataset, table = described(path, name="mine")
    assert len(table) == 24
    assert dataset.targets == ([HOME] if place == "positive" else ["b"])


# patients


@pytest.mark.parametrize(("written", "count", "said"), [
    (["1", "1.0", "2", "2"], 2, ""), (["1", " 1", "2 ", "2"], 2, ""),
    (["a b", "a  b", '"a\nb"', "c"], 2, ""), (["1.0", "1.0", "2.0", "2.0"], 2, ""),
    (["1.5", "1", "1.05", "1.50"], 4, ""),
    (["\u00e9", "e\u0301", "b", "b"], 2, ""), (["x\u200b", "x", "b\u00a0", "b"], 2, ""),
    (["p1", "P1", "p2", "p2"], 3, "'p1' and 'P1'"), (["001", "1", "2", "2"], 3, "'001' and '1'"),
    (["p_1", "p-1", "2", "2"], 3, "'p_1' and 'p-1'"), (["a10", "a1", "a100", "b"], 4, ""),
    (["P01", "P1", "Q01", "Q1"], 4, "'P01' and 'P1'; 'Q01' and 'Q1'"),
    (["A\u20131", "A-1", "2", "2"], 3, "'A\u20131' and 'A-1'"),
    (["x\u00ady", "xy", "2", "2"], 2, ""),
    (["#12", "12", "2", "2"], 3, "'#12' and '12'"), (["'12", "12", "2", "2"], 3, "''12' and '12'"),
    (["12.", "12", "2", "2"], 3, "'12.' and '12'"), (["1.2", "1 2", "2", "2"], 3, ""),
    (['"1,000"', "1000", "2", "2"], 3, "'1,000' and '1000'"), (["1-000", "1000", "2", "2"], 3, ""),
])  # fmt: skip
def test_patients_written_in_two_ways_are_one_or_told(tmp_path, capsys, written, count, said):
    lines = [f"{i}.png,{patient},{i % 2}" for i, patient in enumerate(written)]
    write(tmp_path, rows(*lines, header="image,who,y"))
    for i in range(4):
        png(tmp_path / f"{i}.png")
    name = f"d{abs(hash(tuple(written)))}"
    table = opened(tmp_path, "dataset.patient=who", f"dataset.name={name}")
    assert table["patient"].nunique() == count
    told = " ".join(capsys.readouterr().err.split())
    assert ("may stand for" in told) == bool(said)
    assert said in told


def test_images_that_count_as_patients_are_not_taken_for_people(tmp_path, capsys):
    write(tmp_path, rows("a.png,1", "A.png,0"))
    for name in ("a.png", "A.png"):
        png(tmp_path / name)
    assert opened(tmp_path)["patient"].nunique() == 2
    assert "different ways" not in capsys.readouterr().err


def test_one_patient_in_all_rows_is_told_at_init_and_refused_by_name(here, capsys):
    path = made(here / "data", patient="x")
    init(path, name="mine")
    told = " ".join(capsys.readouterr().err.split())
    assert "the column 'patient' holds only 'x' in all 24 rows" in told
    assert "was NOT checked" in told
    refused(Table(str(path.parent), "rows.csv", patient="patient", label="label").table,
            "name one patient ('x')")  # fmt: skip


def test_the_audit_says_where_no_patient_is_known(here, capsys):
    from medsmall.audit.__main__ import audit

    path = made(here / "data", header="image,note,label")
    cfg = ["dataset=table", f"dataset.root={path.parent}", "dataset.file=rows.csv",
           "split=stratified", "image_size_px=32"]  # fmt: skip
    out = ["phantom=false", f"output_root={here}"]
    assert audit(compose([*cfg, *out, "dataset.label=label", "dataset.name=unknown"]))
    said = capsys.readouterr().out
    assert said.startswith(
        "Audit of unknown: 24 images, patients unknown: leakage between patients was NOT checked"
    )
    assert "clean" not in said
    findings = pd.read_csv(here / "audit" / "unknown" / "findings.csv")
    assert "patients unknown" in findings["explanation"].iloc[0]
    summary = json.loads((here / "audit" / "unknown" / "summary.json").read_text())
    assert (summary["clean"], summary["patients"]) == (None, None)
    known = ["dataset.label=label", "dataset.name=known", "dataset.patient=note"]
    audit(compose([*cfg, *out, *known]))
    assert "NOT checked" not in capsys.readouterr().out


# folders of classes


FOLDERS = {  # files, options -> a part of the sentence, or the labels
    "an emoji": (["🦴/1.png", "b/1.png", "c/1.png"], {}, ["b", "c", "🦴"]),
    "quotes": (["a\"b'/1.png", "b/1.png", "c/1.png"], {}, ["a\"b'", "b", "c"]),
    "an interpolation": ([f"{HOME}/1.png", "b/1.png", "c/1.png"], {}, [HOME, "b", "c"]),
    "a formula": (["=1+1/1.png", "b/1.png", "c/1.png"], {}, ["=1+1", "b", "c"]),
    "250 characters": (["x" * 250 + "/1.png", "b/1.png", "c/1.png"], {}, 3),
    "a line break": (["a\nb/1.png", "b/1.png", "c/1.png"], {}, "contains a line break"),
    "a line break in a file": (["a/1\n.png", "b/1.png", "c/1.png"], {}, "rename it"),
    "a blank": ([" /1.png", "b/1.png", "c/1.png"], {}, "blank or contains a line break"),
    "case": (["Cat/1.png", "cat/1.png", "c/1.png"], {}, "'Cat' and 'cat'"),
    "case in two parts": (["train/Cat/1.png", "train/b/1.png", "test/cat/1.png"], {}, "one class"),
    "a blank at the end": (["a/1.png", "a /1.png", "c/1.png"], {}, "one class"),
    "accents": (["\u00e9/1.png", "e\u0301/1.png", "c/1.png"], {}, "one class"),
    "predictions": (["x/1.png", "prob_x/1.png", "c/1.png"], {}, "'x' and 'prob_x'"),
    "a folder named like an image": (["a/1.png/2.png", "b/1.png"], {}, ["b"]),
    "1,000 classes": ([f"c{i}/1.png" for i in range(1000)], {}, 1000),
    "one class": (["a/1.png", "a/2.png"], {}, "one class only"),
    "hidden classes": ([".a/1.png", ".b/1.png"], {}, "no images in class folders"),
    "nothing": ([], {}, "no images in class folders"),
    "up and out": (["a/1.png", "b/1.png"], {"targets": ["../../x"]}, "cannot be a folder name"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_folders(tmp_path, name):
    files, options, expected = FOLDERS[name]
    (tmp_path / "root").mkdir()
    for file in files:
        (tmp_path / "root" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / file).write_bytes(b"")
    found = answer(lambda: Folder(str(tmp_path / "root"), **options).table().columns.tolist())
    if isinstance(expected, str):
        assert isinstance(found, str), found
        assert expected in found
    else:
        labels = found[3:-3]
        assert expected in (labels, len(labels))


def test_links_that_leave_a_folder_or_lead_back(tmp_path):
    for kind in "ab":
        png(tmp_path / kind / "1.png")
    (tmp_path / "a" / "etc").symlink_to("/etc")
    (tmp_path / "b" / "up").symlink_to("..")
    (tmp_path / "b" / "self.png").symlink_to("self.png")
    assert len(Folder(str(tmp_path)).table()) == 3  # the link to itself is told when it is read


# images


def saved(pixels, kind="PNG", mode=None, **options):
    return lambda path: Image.fromarray(pixels, mode).save(path, format=kind, **options)


def chunks(*parts):
    """The bytes of a PNG of these chunks."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in (*parts, (b"IEND", b"")))


def header(width, height):
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)


def bytes_of(content):
    return lambda path: path.write_bytes(content)


def text_bomb(path):
    info = PngInfo()
    info.add_text("x", "y" * 5_000_000, zip=True)
    Image.fromarray(GREY).save(path, pnginfo=info)


def cut(save, end):
    def spoil(path):
        save(path)
        path.write_bytes(path.read_bytes()[:end])

    return spoil


GREY = np.arange(4096, dtype=np.uint8).reshape(64, 64)
COLOUR = np.dstack([GREY] * 3)
PICTURES = {  # how it is written -> its shape, or a part of the sentence
    "0 bytes": (bytes_of(b""), "not an image of a known format"),
    "HTML": (bytes_of(b"<html>404</html>"), "not an image of a known format"),
    "SVG": (bytes_of(b"<svg/>"), "not an image of a known format"),
    "NumPy": (lambda path: np.save(path.open("wb"), GREY), "not an image of a known format"),
    "a folder": (directory, "Is a directory"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "cannot be read"),
    "1 x 1": (saved(GREY[:1, :1]), (1, 1)),
    "65,000 wide": (saved(np.zeros((1, 65_000), np.uint8)), (1, 65_000)),
    "65,000 x 65,000": (bytes_of(chunks(header(65_000, 65_000), (b"IDAT", b""))), "pixels, more"),
    "2^31 x 2^31": (bytes_of(chunks(header(2**31 - 1, 2**31 - 1), (b"IDAT", b""))), "pixels, more"),
    "0 x 0": (bytes_of(chunks(header(0, 0), (b"IDAT", zlib.compress(b"")))), "cannot be read"),
    "CMYK": (saved(np.dstack([GREY] * 4), "TIFF", "CMYK"), (64, 64, 3)),
    "LAB": (saved(COLOUR, "TIFF", "LAB"), (64, 64, 3)),
    "grey with transparency": (saved(np.dstack([GREY] * 2), mode="LA"), (64, 64)),
    "a palette": (lambda path: Image.fromarray(COLOUR).quantize(4).save(path), (64, 64, 3)),
    "1 bit": (saved(GREY > 100), (64, 64)),
    "16 bits": (saved(GREY.astype(np.uint16) * 257), (64, 64)),
    "32 bits beyond 16": (saved(GREY.astype(np.int32) * 1000, "TIFF"), "outside 0 to 65535"),
    "floats": (saved(GREY.astype(np.float32), "TIFF"), "floating-point"),
    "an animated GIF": (saved(GREY, "GIF", save_all=True,
                              append_images=[Image.fromarray(GREY.T.copy())]), "2 frames"),
    "an animated PNG": (saved(GREY, save_all=True,
                              append_images=[Image.fromarray(GREY.T.copy())]), "2 frames"),
    "a text of 5 MB in 5 kB": (text_bomb, "cannot be read"),
    "a PNG cut off": (cut(saved(GREY), -200), "cannot be read"),
    "a JPEG cut off": (cut(saved(GREY, "JPEG"), -200), "cannot be read"),
    "a header alone": (cut(saved(GREY), 20), "cannot be read"),
    "DICOM of zeros": (bytes_of(bytes(128) + b"DICM" + bytes(200)), "has no pixels"),
    "DICOM of noise": (bytes_of(bytes(128) + b"DICM" + bytes(range(256)) * 3), "DICOM file"),
    "HEIC": (bytes_of(b"\0\0\0\x18ftypheic" + bytes(99)), "not an image of a known format"),
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_images(tmp_path, name):
    write_it, expected = PICTURES[name]
    path = tmp_path / "i.png"
    write_it(path)
    found = answer(lambda: decode(path))
    if isinstance(expected, str):
        assert isinstance(found, str), found
        assert expected in found
        assert str(path) in found
    else:
        assert (found.shape, found.dtype) == (expected, np.uint8)


# phantoms


def phantom(output_root, *overrides):
    cfg = compose(["phantom=true", "dataset.phantom_patients=12", f"output_root={output_root}",
                   *overrides])  # fmt: skip
    check(cfg)
    dataset, table = open_table(cfg)
    return dataset.files.read(table["image"][0]).shape[:2]


@pytest.mark.parametrize("override", [
    "dataset.file=../../../x.csv", "dataset.file=/etc/x.csv", "dataset.file=a/../../x.csv",
    "dataset.file=sub/x.parquet", "dataset.file=x.csv.gz", "dataset.suffix=.dcm",
    "dataset.suffix=.jpg", "dataset.suffix=.nii", "dataset.suffix=_a", "dataset.suffix=.gif",
    "dataset.folder='~'", "dataset.folder=x/./y",
    "dataset.label=y dataset.targets=['../../x',b,c]",
])  # fmt: skip
def test_phantoms_are_made_and_stay_in_their_folder(tmp_path, override):
    root = tmp_path / "a" / "b" / "c"
    assert phantom(root, "dataset=table", *override.split(" ")) == (96, 96)
    assert [path.name for path in root.parent.iterdir()] == ["c"]
    assert [path.name for path in root.iterdir()] == ["phantoms"]
    assert len([path for path in (root / "phantoms").iterdir() if path.is_dir()]) == 1


@pytest.mark.parametrize("override", [
    "dataset.file=..", "dataset.file=''", "dataset.file=/", "dataset.folder=../x",
    "dataset.folder=/abs/x", "dataset.folder=a/../../../x", "dataset.suffix=.png/../../../x.png",
    "dataset.suffix=/x.png", "dataset.name=..", "dataset.name=" + "a" * 300,
    "dataset=folder dataset.targets=['../../x',b,c]", "dataset=folder dataset.targets=['a/b',b,c]",
    "dataset=folder dataset.targets=['..',b,c]", "dataset=folder dataset.targets=['/x',b,c]",
    "dataset=folder dataset.targets=['',b,c]", "dataset=folder dataset.positive='../../x'",
    "dataset=folder dataset.targets=[" + "x" * 300 + ",b,c]",
])  # fmt: skip
def test_phantoms_that_would_leave_their_folder_are_refused(tmp_path, override):
    words = override.split(" ")
    words = words if words[0].startswith("dataset=") else ["dataset=table", *words]
    refused(lambda: phantom(tmp_path / "out", *words), "dataset.")
    assert not (tmp_path / "out").exists()


def garble(path):
    """As many bytes as before, none of them right."""
    path.write_bytes(b"\x80\0" * (path.stat().st_size // 2) + b"\x80" * (path.stat().st_size % 2))


@pytest.mark.parametrize("file", ["images/0001_0.png", "images.csv"])
@pytest.mark.parametrize(
    "spoil", [bytes_of(b""), garble, Path.unlink], ids=["empty", "garbled", "gone"]
)
def test_a_damaged_phantom_is_made_again_and_not_got(tmp_path, file, spoil):
    phantom(tmp_path, "dataset=table")
    root = next(path for path in (tmp_path / "phantoms").iterdir() if path.is_dir())
    spoil(root / file)
    sentence = refused(lambda: phantom(tmp_path, "dataset=table"), str(root), "elete the folder")
    assert "get " not in sentence
    shutil.rmtree(root)
    assert phantom(tmp_path, "dataset=table") == (96, 96)


@pytest.mark.parametrize("listing", ["[]", "5", "[" * 100_000, ""])
def test_a_damaged_listing_of_a_phantom_is_passed_over(tmp_path, listing):
    phantom(tmp_path, "dataset=table")
    (written,) = (tmp_path / "phantoms").glob(".*.json")
    written.write_text(listing)
    assert phantom(tmp_path, "dataset=table") == (96, 96)


@pytest.mark.parametrize("option", ["chestxray14", "medmnist"])
def test_a_damaged_phantom_of_a_release_is_not_got_either(tmp_path, option):
    phantom(tmp_path, f"dataset={option}")
    root = next(path for path in (tmp_path / "phantoms").iterdir() if path.is_dir())
    for file in (path for path in root.rglob("*") if path.is_file()):
        garble(file)
    sentence = refused(lambda: phantom(tmp_path, f"dataset={option}"), f"delete the folder {root}")
    assert "http" not in sentence


# tables for people


@pytest.mark.parametrize(("cell", "shown"), [
    ("=1+1", "'=1+1"), ("+1", "'+1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
    ("\r=1", "'\r=1"), ("-2+3", "'-2+3"), ("-x", "'-x"), ("-1", "-1"), ("-1.5", "-1.5"),
    ("a=1", "a=1"), ("", ""), ("'x", "'x"), (-1.5, -1.5),
])  # fmt: skip
def test_cells_that_a_spreadsheet_would_run(cell, shown):
    assert inert(pd.DataFrame({"c": [cell, "x"]}, dtype=object))["c"][0] == shown
    assert inert(pd.DataFrame({"=c": [1]})).columns.tolist() == ["'=c"]


def test_findings_are_written_so_that_nothing_runs(tmp_path):
    row = pd.DataFrame({"image": ["=cmd|' /C calc'!A0"], "patient": ["@p"], "part": ["test"]})
    found = findings("constant", "fault", "-1+1", row)
    report.write(tmp_path, found, [], {})
    back = pd.read_csv(tmp_path / "findings.csv")
    assert back["image_a"][0] == "'=cmd|' /C calc'!A0"
    assert (back["patient_a"][0], back["explanation"][0]) == ("'@p", "'-1+1")
    assert found["image_a"][0].startswith("=")  # what is counted stays what it is


# records


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A run with its upstream, made once."""
    from medsmall.train import train

    upstream = "['pretraining=none','trainer.max_epochs=1','dataset.phantom_patients=40']"
    root = tmp_path_factory.mktemp("recorded")
    cfg = [*HERNIA, "trainer.max_epochs=1", "augmentation.tta_views=0", "pretraining=chexpert",
           f"pretraining.overrides={upstream}", f"output_root={root}"]  # fmt: skip
    return train(compose(cfg))


@pytest.fixture
def record(recorded, tmp_path):
    """A copy of it to be spoilt."""
    shutil.copytree(recorded.folder.parent, tmp_path / "runs")
    return Record(tmp_path / "runs" / recorded.key)


def read_all(record):
    """Whatever a later run or a person reads of a record."""
    record = Record.open(record.folder)
    show(record)
    seen_by_run(record)
    return record.config, record.predictions, record.history


DAMAGES = {
    "empty": b"", "garbled": bytes(range(256)) * 4, "null": b"null", "an object": b"{}",
    "a list": b"[]", "text": b'hello,"x\n1,2,3\n4', "latin-1": "é,b\n".encode("latin-1") * 10,
    "half": None, "a folder": directory, "gone": lambda path: None,
}  # fmt: skip
READ = ["metrics.json", "draw.csv", "seen.npz", "history.csv", "predictions.csv", "config.yaml"]


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_of_a_record(record, capsys, name, damage):
    path, how = record.folder / name, DAMAGES[damage]
    content = path.read_bytes()
    path.unlink()
    if callable(how):
        how(path)
    else:
        path.write_bytes(content[: len(content) // 2] if how is None else how)
    sentence = answer(lambda: read_all(record))
    if damage == "half" and isinstance(sentence, tuple):
        assert name in ("history.csv", "predictions.csv", "config.yaml")  # they may still be whole
        return
    assert f"{record.folder} is damaged: {name}" in sentence
    assert "Delete the folder" in sentence


@pytest.mark.parametrize("name", ["metrics.json", "draw.csv", "seen.npz"])
@pytest.mark.parametrize("damage", ["empty", "garbled", "half"])
def test_a_damaged_file_of_the_upstream(record, name, damage):
    path = record.upstream.folder / name
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage == "half" else DAMAGES[damage])
    sentence = refused(lambda: (patients_of_run(record), seen_by_run(record)), "is damaged", name)
    assert str(record.upstream.folder if name != "metrics.json" else path.parent) in sentence


WRONG = [None, 7, -1.5, "x", [], {}, ["x"], True]


@pytest.mark.parametrize("key", ["name", "task", "unit", "audit", "upstream", "test", "schema"])
def test_metrics_of_other_types_in_a_record_without_checksums(record, capsys, key):
    metrics = json.loads((record.folder / "metrics.json").read_text())
    (record.folder / "DONE").write_text("")  # without checksums, as older versions wrote it
    for value in WRONG:
        changed = json.dumps({**metrics, key: value})
        (record.folder / "metrics.json").write_text(changed)
        found = answer(lambda: read_all(record))
        if isinstance(found, str):
            assert str(record.folder) in found
        else:
            assert (key, value) in [("name", "x"), ("audit", []), ("audit", ["x"]),
                                    ("upstream", None), ("upstream", "x"), ("schema", True),
                                    ("schema", -1.5), ("schema", None)]  # fmt: skip


@pytest.mark.parametrize("change", [
    lambda draw: draw.iloc[:5], lambda draw: draw.drop(columns="part"),
    lambda draw: draw.drop(columns="patient"), lambda draw: pd.concat([draw, draw]),
    lambda draw: draw.assign(part=""), lambda draw: draw.assign(part="zzz"),
], ids=["rows lost", "no part", "no patient", "twice", "blank parts", "other parts"])  # fmt: skip
def test_a_draw_that_is_no_longer_what_was_drawn(record, change):
    change(record.draw).to_csv(record.folder / "draw.csv", index=False)
    refused(lambda: read_all(record), "is damaged", "Delete the folder")


# names from data, through a run


def test_what_looks_like_an_interpolation_stays_text_through_a_run(tmp_path, monkeypatch):
    from medsmall.train import train

    monkeypatch.setenv("SECRET", "do-not-tell")
    secret = "${oc.env:SECRET}"
    called = "${{oc.env:SECRET}}"
    path = made(tmp_path / "data", label=[secret, "=1+1", "null.x"], image=called + "{i}.png",
                patient=called + "{j}", n=60)  # fmt: skip
    record = train(compose([
        "dataset=table", f"dataset.root={path.parent}", "dataset.file=rows.csv",
        "dataset.label=label", "dataset.patient=patient", "split=stratified", "sample_size=all",
        "loss=cross_entropy", "backbone=tiny", "pretraining=none", "image_size_px=32",
        "trainer.max_epochs=1", "augmentation=none", f"output_root={tmp_path / 'out'}",
    ]))  # fmt: skip
    assert set(record.metrics["test"]["targets"]) == {secret, "=1+1", "null.x"}
    assert {f"prob_{secret}", "=1+1"} <= set(record.predictions)  # records stay exact
    assert record.draw["image"].str.startswith(secret).all()
    for file in (tmp_path / "out").rglob("*"):
        assert not (file.is_file() and b"do-not-tell" in file.read_bytes())
    assert os.environ["SECRET"] == "do-not-tell"


def test_numbers_near_the_limit_are_learnt_without_overflow(tmp_path):
    from medsmall.train import train

    path = made(tmp_path / "data", label=["1e15", "-1e15", "3", "0.5"], n=60)
    record = train(compose([
        "dataset=table", f"dataset.root={path.parent}", "dataset.file=rows.csv",
        "dataset.label=label", "dataset.task=regression", "dataset.patient=patient", "loss=mse",
        "split=stratified", "sample_size=all", "backbone=tiny", "pretraining=none",
        "image_size_px=32", "trainer.max_epochs=1", "augmentation=none",
        f"output_root={tmp_path / 'out'}",
    ]))  # fmt: skip
    assert record.metrics["task"] == Task.REGRESSION
    assert np.isfinite(record.predictions["pred_label"]).all()
    assert np.isfinite(record.metrics["test"]["targets"]["label"]["mae"])


@pytest.mark.parametrize("key", ["output_root", "cache_root"])
def test_a_root_at_the_home_of_nobody(here, key):
    data = [*HERNIA, f"output_root={here}/out"]
    data = [word for word in data if not word.startswith(key)]

    def run():
        from medsmall.resolve import resolve

        resolve(compose([*data, f"{key}=~no-such-user/x"]))

    refused(run, "begins with ~")
    assert not [path for path in here.rglob("*") if path.name.startswith("~")]
