import time

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from medsmall.dataset.files import ImageFiles, absent_files
from medsmall.dataset.idc import KAGGLE_COPY, Idc
from medsmall.errors import MedsmallError
from medsmall.phantom import histology
from medsmall.split import ByPatient
from medsmall.task import Task

PATCHES = [
    "10253/0/10253_idx5_x1001_y1001_class0.png",
    "10253/0/10253_idx5_x1351_y1101_class0.png",
    "10253/1/10253_idx5_x501_y351_class1.png",
    "8863/0/8863_idx5_x51_y1251_class0.png",
    "9999/1/9999_idx5_x101_y101_class1.png",
]


def make(root, patches, prefix=""):
    for patch in patches:
        path = root / prefix / patch
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_rows(tmp_path):
    data = Idc(str(make(tmp_path, PATCHES)))
    table = data.table()
    assert data.task is Task.BINARY
    assert table["image"].tolist() == PATCHES
    assert table["patient"].tolist() == ["10253", "10253", "10253", "8863", "9999"]
    assert table["idc"].tolist() == [0, 0, 1, 0, 1]
    assert table["x"].tolist() == [1001, 1351, 501, 51, 101]
    assert table["y"].tolist() == [1001, 1101, 351, 1251, 101]
    assert set(table["split"]) == {""}


def test_kaggles_second_copy_is_not_read_twice(tmp_path):
    expected = Idc(str(make(tmp_path, PATCHES))).table()
    make(tmp_path, PATCHES, KAGGLE_COPY)
    assert Idc(str(tmp_path)).table().equals(expected)


def test_kaggles_second_copy_alone_is_read(tmp_path):
    data = Idc(str(make(tmp_path, PATCHES, KAGGLE_COPY)))
    table = data.table()
    assert table["image"].tolist() == [f"{KAGGLE_COPY}/{patch}" for patch in PATCHES]
    assert not absent_files(data, table["image"]).any()


def test_what_does_not_belong_to_the_release_is_passed_over(tmp_path):
    expected = Idc(str(make(tmp_path, PATCHES))).table()
    junk = [
        ".DS_Store", "10253/.DS_Store", "10253/0/.DS_Store", "10253/0/Thumbs.db", "notes/0/a.png",
        "10253/0/._10253_idx5_x1001_y1001_class0.png", "__MACOSX/10253/0/a.png", "7777",
    ]  # fmt: skip
    assert Idc(str(make(tmp_path, junk))).table().equals(expected)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("10253/0/10253_idx5_x1_y2_class1.png", "as patient 10253 and class 1, unlike its fold"),
        ("8863/1/8863_idx5_x1_y2_class0.png", "as patient 8863 and class 0, unlike its folders"),
        ("8863/0/10253_idx5_x1_y2_class0.png", "as patient 10253 and class 0, unlike its fold"),
        ("8863/0/8863_idx5_x1_class0.png", "not named as in the release"),
        ("8863/0/8863_idx5_x1_y2_class2.png", "not named as in the release"),
        ("8863/0/8863_idx5_x1_y2_class0 (1).png", "not named as in the release"),
        ("8863/0/patch.PNG", "not named as in the release"),
    ],
)
@pytest.mark.parametrize("prefix", ["", KAGGLE_COPY])
def test_a_patch_against_its_folder(tmp_path, name, message, prefix):
    make(tmp_path, [*PATCHES, name], prefix)
    with pytest.raises(MedsmallError, match=message) as error:
        Idc(str(tmp_path)).table()
    assert str(tmp_path / prefix / name) in str(error.value)


@pytest.mark.parametrize("there", [[], ["10253/0/.DS_Store"], ["patch.png"]])
def test_a_root_without_patches(tmp_path, there):
    make(tmp_path, there)
    with pytest.raises(MedsmallError, match=r"idc is not here.*holds no <patient>/0/\*.png"):
        Idc(str(tmp_path)).table()


def test_many_patches_are_listed_at_once(monkeypatch, tmp_path):
    """A fifth of its 280,116: each folder is listed once and no patch is looked at."""
    listed = []

    def names_in(files, below):
        folder = files.root / below
        listed.append(folder)
        if folder == tmp_path:
            return {str(8863 + i) for i in range(279)}
        patient, label = folder.parts[-2:]
        return {f"{patient}_idx5_x{50 * (i % 40)}_y{i}_class{label}.png" for i in range(100)}

    monkeypatch.setattr(ImageFiles, "names_in", names_in)
    start = time.process_time()
    table = Idc(str(tmp_path)).table()
    assert time.process_time() - start < 2
    assert len(table) == 2 * 279 * 100
    assert len(listed) == len(set(listed)) == 1 + 2 * 279


def test_a_grey_file_is_read_in_colour(tmp_path):
    pixels = np.arange(600, dtype=np.uint8).reshape(20, 30)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    read = Idc(str(tmp_path)).files.read("a.png")
    np.testing.assert_array_equal(read, np.dstack([pixels] * 3))


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    data = Idc(str(tmp_path_factory.mktemp("idc")))
    data.write_phantom(data.files.root, 20, 0)
    return data


class TestPhantom:
    def test_it_is_as_the_release(self, phantom):
        table = phantom.table()
        assert (table.groupby("patient")["idc"].nunique() == 2).all()
        assert 0.2 < table["idc"].mean() < 0.4
        shapes = [phantom.files.read(image).shape for image in table["image"]]
        assert 0.8 < np.mean([shape == (50, 50, 3) for shape in shapes]) < 0.99
        assert max(shapes) == (50, 50, 3)
        assert not table.duplicated(["patient", "x", "y"]).any()
        ByPatient().assign(table, phantom.targets)

    def test_a_patients_patches_share_their_stain(self, phantom):
        table = phantom.table()
        healthy = table[table["idc"] == 0]
        hue = [np.median(phantom.files.read(i).reshape(-1, 3), axis=0) for i in healthy["image"]]
        hue = np.array(hue)
        within = np.mean(
            [hue[rows].std(axis=0) for rows in healthy.groupby("patient").indices.values()]
        )
        assert within < 0.7 * hue.std(axis=0).mean()

    def test_the_tumour_can_be_learned_but_is_not_plain(self, phantom):
        table = phantom.table()
        red = [phantom.files.read(image)[..., 0].astype(float) for image in table["image"]]
        dark = np.array([[(r < level).mean() for level in (80, 110, 140, 170)] for r in red])
        held = table["patient"].isin(table["patient"].unique()[::3]).to_numpy()
        features = (dark - dark.mean(0)) / dark.std(0)
        fitted = LogisticRegression().fit(features[~held], table["idc"][~held])
        score = roc_auc_score(table["idc"][held], fitted.decision_function(features[held]))
        assert 0.8 < score < 1

    def test_pixels_follow_the_stains(self):
        rng = np.random.default_rng(0)
        for _ in range(5):
            slide = histology.slide(rng)
            pixels = histology.patch(slide, True, rng, (40, 50)).astype(float)
            assert pixels.shape == (40, 50, 3)
            red, green, blue = pixels.mean(axis=(0, 1))
            assert green < min(red, blue)  # pink and violet
