import numpy as np
import pytest
from PIL import Image

from medsmall.dataset.guess.file_names import candidates
from medsmall.dataset.guess.infer import infer
from medsmall.dataset.table import Table
from medsmall.errors import MedsmallError

TWICE = [(p, n) for p in range(10, 30) for n in range(2)]
GROUPING = {  # names of two images each -> patients of the first two, and the expression
    "person": ([f"b/person{p}_virus_{7 * p + n}.jpeg" for p, n in TWICE], "person10", "person"),
    "cells": ([f"a/C{p}P4thinF_original_IMG_{n}.png" for p, n in TWICE], "C10P4", "_IMG"),
    "Kermany": ([f"NORMAL/NORMAL2-IM-{p:04d}-{n:04d}.png" for p, n in TWICE], "IM-0010", "IM-"),
    "a folder": ([f"a/patient{p:05d}/study1/view{n}.png" for p, n in TWICE], "patient00010", "/"),
    "numbers": ([f"a/{p:03d}_{n}.png" for p, n in TWICE], "010", ",}"),
    "short numbers": ([f"a/{p - 9}_{n}.png" for p, n in TWICE], "1", "\\d+)"),
    "pt": ([f"a/pt{p}_{n}.png" for p, n in TWICE], "pt10", "|pt|"),
    "barcodes": ([f"a/TCGA-A1-A0{p}-01Z-{n}.png" for p, n in TWICE], "TCGA-A1-A010", "TCGA"),
    "numbered folders": ([f"a/{p:04d}/{n}.png" for p, n in TWICE], "0010", "/"),
}
NONE = {
    "numbers that run on": [f"a/IMG_{i:04d}.png" for i in range(40)],
    "one image each": [f"a/person{i}_1.png" for i in range(40)],
    "numbers that begin anew in each folder": [
        f"{kind}/{i:03d}_x.png" for kind in "ab" for i in range(20)
    ],
    "dates": [f"a/201901{d:02d}_{n}.png" for d in range(10, 30) for n in range(2)],
    "days": [f"a/{d:02d}-01-2019_{n}.png" for d in range(10, 30) for n in range(2)],
    "dates that end in the year": [f"a/{d}012019_{n}.png" for d in range(10, 30) for n in range(2)],
    "years": [f"a/{year}_{n}.png" for year in range(2010, 2022) for n in range(3)],
    "sizes": [f"a/{size}_{n}.png" for size in (256, 512, 1024) for n in range(5)],
    "two groups": [f"a/person{i % 2}_{i}.png" for i in range(40)],
    "too few": [f"a/{i}x.png" for i in range(40)] + [f"a/person{i // 2}_{i}" for i in range(8)],
}


@pytest.mark.parametrize("kind", GROUPING)
def test_usual_ways_to_write_patients_make_groups(kind):
    images, first, part = GROUPING[kind]
    best = candidates(images)[0]
    assert (best.groups, best.covered, best.first) == (20, 40, first)
    assert part in best.pattern


@pytest.mark.parametrize("kind", NONE)
def test_what_makes_no_groups_tells_no_patients(kind):
    assert candidates(NONE[kind]) == []


def test_persons_and_normal_films_are_told_by_one_expression():
    images = GROUPING["person"][0] + GROUPING["Kermany"][0]
    best, *others = candidates(images)
    assert (best.groups, best.covered) == (40, 80)
    assert {one.covered for one in others} == {40}


def test_a_table_without_patients_takes_them_from_the_names(tmp_path, capfd):
    rng = np.random.default_rng(0)
    lines = ["file,diagnosis"]
    for i, image in enumerate(GROUPING["a folder"][0]):
        (tmp_path / image).parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / image)
        lines.append(f"{image},{'ab'[i % 2]}")
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    found = infer(tmp_path / "rows.csv", "mine")
    assert found.rows["patient"].nunique() == 20
    assert found.rows["patient"][0] == "patient00010"
    assert "20 patients in 40 of 40 file names" in found.reasons["patient_pattern"]
    assert "counts as its own patient" not in capfd.readouterr().err
    data = found.data
    assert data.variant != Table(str(tmp_path), "rows.csv", "file", label="diagnosis").variant
    (tmp_path / "phantom").mkdir()
    data.write_phantom(tmp_path / "phantom", 12, 0)
    again = Table(**{**found.settings, "root": str(tmp_path / "phantom")}).table()
    assert again["patient"].nunique() == 12 < len(again)


def test_many_cells_of_few_patients_are_grouped():
    (best,) = candidates([f"a/C{i % 9}P4thinF_IMG_{i}.png" for i in range(900)])
    assert (best.groups, best.covered) == (9, 900)


def test_the_others_are_told_for_the_owner_to_choose(tmp_path):
    for kind in ("person", "Kermany"):
        for image in GROUPING[kind][0]:
            (tmp_path / image).parent.mkdir(exist_ok=True)
            (tmp_path / image).touch()
    found = infer(tmp_path, "mine")
    assert found.settings["patient"].endswith("[-_]")
    told = next(one for one in found.warnings if "Other patterns that fit" in one)
    assert "(20 groups in 40 images, such as person10)" in told


def test_a_column_and_a_pattern_are_one_too_many():
    with pytest.raises(MedsmallError, match="both define the patient"):
        Table("x", patient="a", patient_pattern="(b)")
    with pytest.raises(MedsmallError, match="dataset.patient_pattern='b' has 0 groups"):
        Table("x", patient_pattern="b")
