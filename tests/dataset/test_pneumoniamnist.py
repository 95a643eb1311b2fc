import sys
import types

import numpy as np
import pytest

from medsmall.dataset.pneumoniamnist import PARTS, SIZES, PneumoniaMNIST
from medsmall.errors import MedsmallError


def file_of(size):
    return "pneumoniamnist.npz" if size == 28 else f"pneumoniamnist_{size}.npz"


def arrays(size=28):
    rng = np.random.default_rng(size)
    out = {}
    for part, n in zip(PARTS, (5, 2, 3), strict=True):
        out[f"{part}_images"] = rng.integers(0, 256, (n, size, size), dtype=np.uint8)
        out[f"{part}_labels"] = rng.integers(0, 2, (n, 1), dtype=np.uint8)
    return out


@pytest.mark.parametrize("size", SIZES)
def test_rows_and_pixels(tmp_path, size):
    stored = arrays(size)
    np.savez(tmp_path / file_of(size), **stored)
    data = PneumoniaMNIST(str(tmp_path), size_px=size, download=False)
    table = data.table()
    assert table["image"].tolist()[:2] == ["train/00000", "train/00001"]
    assert table["image"].iloc[-1] == "test/00002"
    assert table["patient"].tolist()[4:6] == ["train-00004", "val-00000"]
    assert table["split"].tolist() == ["train"] * 5 + ["val"] * 2 + ["test"] * 3
    expected = np.concatenate([stored[f"{part}_labels"][:, 0] for part in PARTS])
    np.testing.assert_array_equal(table["pneumonia"], expected)
    np.testing.assert_array_equal(data.read("val/00001"), stored["val_images"][1])
    assert not data.absent(table).any()


def test_an_image_read_is_the_callers_own(tmp_path):
    np.savez(tmp_path / "pneumoniamnist.npz", **arrays())
    data = PneumoniaMNIST(str(tmp_path))
    first = data.read("train/00000").copy()
    data.read("train/00000")[:] = 0
    np.testing.assert_array_equal(data.read("train/00000"), first)


@pytest.mark.parametrize("image", ["train/00005", "train/x", "tuning/00001", "00001"])
def test_unknown_images(tmp_path, image):
    np.savez(tmp_path / "pneumoniamnist.npz", **arrays())
    with pytest.raises(MedsmallError):
        PneumoniaMNIST(str(tmp_path)).read(image)


def test_other_sizes_are_refused():
    with pytest.raises(MedsmallError, match="size_px cannot be 32"):
        PneumoniaMNIST("x", size_px=32)


def damaged(tmp_path):
    np.savez_compressed(tmp_path / "whole.npz", **arrays())
    whole = (tmp_path / "whole.npz").read_bytes()
    np.savez(tmp_path / "part.npz", train_images=arrays()["train_images"])
    middle = bytearray(whole)
    for i in range(100, len(whole) - 1500):
        middle[i] ^= 0xFF
    return [b"", b"<html>", whole[:-30], (tmp_path / "part.npz").read_bytes(), bytes(middle)]


def test_damaged_files_are_named(tmp_path):
    path = tmp_path / "pneumoniamnist.npz"
    for content in damaged(tmp_path):
        path.write_bytes(content)
        data = PneumoniaMNIST(str(tmp_path))
        with pytest.raises(MedsmallError, match="damaged") as error:
            data.table()
        assert str(path) in str(error.value)


def package(monkeypatch, act):
    """A stand-in for medmnist, whose download is not for tests."""
    module = types.ModuleType("medmnist")
    module.PneumoniaMNIST = act
    monkeypatch.setitem(sys.modules, "medmnist", module)


@pytest.mark.parametrize("size", [28, 64])
def test_download_takes_its_place_when_whole(tmp_path, monkeypatch, size):
    def act(split, root, size, download):
        np.savez(f"{root}/{file_of(size)}", **arrays(size))

    package(monkeypatch, act)
    root = tmp_path / "new" / "medmnist"
    assert len(PneumoniaMNIST(str(root), size_px=size).table()) == 10
    assert [path.name for path in root.iterdir()] == [file_of(size)]


@pytest.mark.parametrize("existed", [False, True])
def test_a_failed_download_leaves_nothing(tmp_path, monkeypatch, existed):
    def act(split, root, size, download):
        (tmp_path / "seen").touch()
        with open(f"{root}/{file_of(size)}", "wb") as file:
            file.write(b"half")
        raise RuntimeError("connection lost")

    package(monkeypatch, act)
    root = tmp_path / "medmnist"
    if existed:
        root.mkdir()
    with pytest.raises(MedsmallError, match="could not be downloaded") as error:
        PneumoniaMNIST(str(root)).table()
    for part in (str(root), PneumoniaMNIST.url, "phantom=true"):
        assert part in str(error.value)
    assert (tmp_path / "seen").exists()
    assert root.exists() == existed
    assert not existed or not list(root.iterdir())


def test_download_can_be_forbidden(tmp_path, monkeypatch):
    package(monkeypatch, lambda *_, **__: pytest.fail("downloaded"))
    with pytest.raises(MedsmallError, match="holds no pneumoniamnist.npz"):
        PneumoniaMNIST(str(tmp_path), download=False).table()


def test_real_file(real_data):
    root = real_data / "medmnist"
    data = PneumoniaMNIST(str(root), download=False)
    table = data.table()
    assert table["split"].value_counts().to_dict() == {"train": 4_708, "test": 624, "val": 524}
    assert table["patient"].is_unique
    with np.load(root / "pneumoniamnist.npz") as stored:
        for part in PARTS:
            rows = table[table["split"] == part]
            np.testing.assert_array_equal(rows["pneumonia"], stored[f"{part}_labels"][:, 0])
            np.testing.assert_array_equal(data.read(f"{part}/00007"), stored[f"{part}_images"][7])


def test_phantom_has_all_sizes_and_a_leak_to_find(phantoms):
    for size in SIZES:
        data = PneumoniaMNIST(str(phantoms[PneumoniaMNIST]), size_px=size, download=False)
        table = data.table()
        assert data.read("test/00001").shape == (size, size)
        train = {data.read(image).tobytes() for image in table["image"][table["split"] == "train"]}
        val = [
            data.read(image).tobytes() in train for image in table["image"][table["split"] == "val"]
        ]
        assert sum(val) == 2
