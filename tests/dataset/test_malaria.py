import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from medsmall.dataset.files import ImageFiles
from medsmall.dataset.malaria import FOLDERS, Malaria
from medsmall.errors import MedsmallError

CELLS = {
    "Parasitized": ["C39P4thinF_original_IMG_20150622_105253_cell_107.png"],
    "Uninfected": [
        "C39P4thinF_original_IMG_20150622_105253_cell_9.png",
        "C47P8thin_Original_Motic_IMG_20150714_093806_cell_131.png",
        "C47P8thinOriginalOlympusCX21_IMG_20150714_1_cell_1.png",
        "C5NThinF_IMG_20150609_122038_cell_11.png",
    ],
}


def fill(folder, cells):
    for kind, names in cells.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / kind / name).touch()


@pytest.fixture
def release(tmp_path):
    fill(tmp_path / "cell_images", CELLS)
    return tmp_path


def test_rows(release):
    table = Malaria(str(release)).table()
    assert table["image"].tolist() == [
        f"cell_images/{folder}/{name}" for folder in CELLS for name in sorted(CELLS[folder])
    ]
    assert table["parasitized"].tolist() == [1, 0, 0, 0, 0]
    # A slide with cells of both classes is one patient.
    assert table["patient"].tolist() == table["slide"].tolist()
    assert table["slide"].tolist() == [
        "C39P4thinF_original",
        "C39P4thinF_original",
        "C47P8thinOriginalOlympusCX21",
        "C47P8thin_Original_Motic",
        "C5NThinF",
    ]
    assert table["donor"].tolist() == ["C39P4", "C39P4", "C47P8", "C47P8", "C5"]


def test_what_lies_about_is_no_cell(release):
    expected = Malaria(str(release)).table()
    fill(release / "cell_images" / "cell_images", CELLS)
    for folder in FOLDERS:
        (release / "cell_images" / folder / "Thumbs.db").touch()
        (release / "cell_images" / folder / f"._{CELLS[folder][0]}").touch()
    assert Malaria(str(release)).table().equals(expected)
    inside = Malaria(str(release / "cell_images"))
    short = expected.assign(image=expected["image"].str.removeprefix("cell_images/"))
    assert inside.table().equals(short)
    image = short["image"].iloc[0]
    assert inside.files.file(image) == Malaria(str(release)).files.file(f"cell_images/{image}")


@pytest.mark.parametrize("folder", list(FOLDERS))
@pytest.mark.parametrize("empty", [False, True])
def test_a_half_release_is_named(release, folder, empty):
    shutil.rmtree(release / "cell_images" / folder)
    if empty:
        (release / "cell_images" / folder).mkdir()
    with pytest.raises(MedsmallError, match=f"holds no cell_images/{folder}"):
        Malaria(str(release)).table()


def test_a_name_without_slide_is_named(release):
    (release / "cell_images" / "Uninfected" / "mine.png").touch()
    with pytest.raises(MedsmallError, match="Uninfected/mine.png is not named as"):
        Malaria(str(release)).table()


def test_all_real_names(real_data, tmp_path, monkeypatch):
    """They are listed, without 27,558 files on the disk."""
    cells = {folder: [] for folder in FOLDERS}
    packed = real_data / "tables" / "malaria" / "all_27558_names.txt.gz"
    with gzip.open(packed, "rt") as names:
        for line in names:
            _, folder, name = line.strip().split("/")
            cells[folder].append(name)
    monkeypatch.setattr(ImageFiles, "names_in", lambda _, below: set(cells[Path(below).name]))
    table = Malaria(str(tmp_path)).table()
    assert table["parasitized"].value_counts().to_dict() == {1: 13_779, 0: 13_779}
    slides = table.groupby("slide")["parasitized"].nunique()
    assert len(slides) == table["patient"].nunique() == 201
    assert (slides == 2).sum() == 151
    # One person's film was taken with two microscopes; every other slide is of its own donor.
    per_donor = table.groupby("donor")["slide"].nunique()
    assert per_donor[per_donor > 1].to_dict() == {"C47P8": 2}
    assert (table["donor"] == "C47P8").sum() == 144
    assert table["donor"].str.fullmatch(r"C\d+([A-Z]?P\d+)?").all()


def test_real_sample(real_data):
    data = Malaria(str(real_data / "malaria"))
    table = data.table()
    assert table["parasitized"].value_counts().to_dict() == {1: 200, 0: 200}
    shapes = {data.files.read(image).shape for image in table["image"].iloc[::20]}
    assert len(shapes) > 10
    assert {shape[2] for shape in shapes} == {3}


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    data = Malaria(str(tmp_path_factory.mktemp("malaria")))
    data.write_phantom(data.files.root, 32, 0)
    return data


def test_phantom_has_the_quirks(phantom):
    data = phantom
    assert (data.files.root / "cell_images" / "Parasitized" / "Thumbs.db").is_file()
    table = data.table()
    assert table["patient"].nunique() == 32
    assert (table.groupby("patient")["parasitized"].nunique() == 2).mean() == 0.75
    shapes = [data.files.read(image).shape for image in table["image"]]
    assert all(shape[2] == 3 for shape in shapes)
    assert len(set(shapes)) > 100
    assert sum(shape[0] != shape[1] for shape in shapes) > 0.9 * len(shapes)


def test_the_phantom_has_parasites_to_find_and_slides_to_tell(phantom):
    data = phantom
    table = data.table()
    dark, tone = np.zeros(len(table)), np.zeros((len(table), 3))
    for i, image in enumerate(table["image"]):
        pixels = data.files.read(image).astype(float)
        cell = pixels[pixels.sum(axis=2) > 0]
        dark[i] = np.percentile(cell[:, 1], 1) / np.median(cell[:, 1])
        tone[i] = np.median(cell, axis=0)
    infected = table["parasitized"] == 1
    assert (dark[infected] < 0.7).mean() > 0.95
    assert (dark[~infected] > 0.7).mean() > 0.95
    slide = table["slide"]
    within = np.stack([tone[slide == one].std(axis=0) for one in slide.unique()]).mean()
    assert tone.std(axis=0).mean() > 2 * within
