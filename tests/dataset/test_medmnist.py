import importlib.util
import multiprocessing
import pickle
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from medsmall.dataset.medmnist import PARTS, SIZES, MedMNIST
from medsmall.dataset.medmnist_flags import FLAGS
from medsmall.errors import MedsmallError
from medsmall.task import Task

FLAG = "pneumoniamnist"
ITEMS = dict(zip(PARTS, (5, 2, 3), strict=True))


def file_of(size, flag=FLAG):
    return f"{flag}.npz" if size == 28 else f"{flag}_{size}.npz"


def arrays(size=28, flag=FLAG):
    """A small release of random pixels, with the shapes of the real one."""
    rng, facts, out = np.random.default_rng(size), FLAGS[flag], {}
    colour = (3,) if facts.channels == 3 else ()
    columns = len(facts.labels) if facts.task is Task.MULTILABEL else 1
    top = len(facts.labels) if facts.task is Task.MULTICLASS else 2
    for part, n in ITEMS.items():
        out[f"{part}_images"] = rng.integers(0, 256, (n, size, size, *colour), dtype=np.uint8)
        out[f"{part}_labels"] = rng.integers(0, top, (n, columns), dtype=np.uint8)
    return out


def made(root, flag=FLAG, **options):
    return MedMNIST(str(root), flag=flag, **options)


@pytest.mark.parametrize("size", SIZES)
def test_rows_and_pixels(tmp_path, size):
    stored = arrays(size)
    np.savez(tmp_path / file_of(size), **stored)
    data = made(tmp_path, size_px=size, download=False)
    assert (data.name, data.variant, data.modality) == (FLAG, str(size), "chest x-ray")
    table = data.table()
    assert table["image"].tolist()[:2] == ["train/00000", "train/00001"]
    assert table["image"].iloc[-1] == "test/00002"
    assert table["patient"].tolist()[4:6] == ["train-00004", "val-00000"]
    assert table["split"].tolist() == ["train"] * 5 + ["val"] * 2 + ["test"] * 3
    expected = np.concatenate([stored[f"{part}_labels"][:, 0] for part in PARTS])
    np.testing.assert_array_equal(table["pneumonia"], expected)
    np.testing.assert_array_equal(data.files.read("val/00001"), stored["val_images"][1])
    assert {data.files.file(image) for image in table["image"]} == {tmp_path / file_of(size)}


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_is_read_as_released(tmp_path, flag):
    stored = arrays(28, flag)
    np.savez(tmp_path / file_of(28, flag), **stored)
    data = made(tmp_path, flag, download=False)
    table = data.table()
    released = np.concatenate([stored[f"{part}_labels"] for part in PARTS])
    read = table[data.labels].to_numpy()
    if data.task is Task.MULTICLASS:
        np.testing.assert_array_equal(read.argmax(axis=1), released[:, 0])
        assert (read.sum(axis=1) == 1).all()
    elif flag == "breastmnist":
        np.testing.assert_array_equal(read, 1 - released)  # 0 is malignant in the release
    else:
        np.testing.assert_array_equal(read, released)
    assert (data.task is Task.MULTILABEL) == (flag == "chestmnist")
    np.testing.assert_array_equal(data.files.read("test/00002"), stored["test_images"][2])


def test_the_table_of_flags_is_that_of_the_package():
    info = package_info()
    assert set(FLAGS) == {flag for flag in info if not flag.endswith("3d")}
    tasks = {
        "multi-class": Task.MULTICLASS,
        "ordinal-regression": Task.MULTICLASS,
        "multi-label, binary-class": Task.MULTILABEL,
        "binary-class": Task.BINARY,
    }
    for flag, facts in FLAGS.items():
        package = info[flag]
        assert facts.title == package["python_class"]
        assert facts.task is tasks[package["task"]]
        assert facts.channels == package["n_channels"]
        assert dict(zip(PARTS, facts.images, strict=True)) == package["n_samples"]
        assert facts.licence == package["license"]
        texts = [package["label"][str(i)].lower() for i in range(len(package["label"]))]
        if facts.task is Task.BINARY:
            texts = [texts[facts.positive]]
        for label, text in zip(facts.labels, texts, strict=True):
            assert named(label, text), (flag, label, text)


DERMA = {
    "akiec": "actinic", "bcc": "basal cell", "bkl": "benign keratosis", "df": "dermatofibroma",
    "mel": "melanoma", "nv": "nevi", "vasc": "vascular",
}  # fmt: skip


def package_info():
    """medmnist.INFO without the package, whose import brings torch."""
    found = importlib.util.find_spec("medmnist")
    if found is None:
        pytest.skip("no medmnist")
    path = Path(found.origin).with_name("info.py")
    spec = importlib.util.spec_from_file_location("medmnist_info", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.INFO


def named(label, text):
    """Whether each word of a label stands in the text of the package."""
    words = [DERMA[label]] if label in DERMA else label.removeprefix("grade_").split("_")
    return all(word in text for word in words)


def test_flags_say_what_they_are():
    data = [made("x", flag) for flag in FLAGS]
    assert [one.name for one in data] == list(FLAGS)
    assert len({one.citation for one in data}) == len(FLAGS)
    for one in data:
        assert one.citation.startswith("Yang et al.")
        assert one.facts.published_auc > 0.7
        assert len(set(one.labels)) == len(one.labels)


def test_a_flag_misspelt_is_named():
    with pytest.raises(MedsmallError, match="flag cannot be 'bloodmnst'.*'bloodmnist'"):
        made("x", "bloodmnst")


def test_some_classes_leave_the_images_of_others_out(tmp_path):
    stored = arrays(28, "octmnist")
    np.savez(tmp_path / "octmnist.npz", **stored)
    released = np.concatenate([stored[f"{part}_labels"][:, 0] for part in PARTS])
    assert {2, 3} < set(released)
    table = made(tmp_path, "octmnist", targets=["normal", "drusen"]).table()
    np.testing.assert_array_equal(table["normal"].isna(), ~np.isin(released, [2, 3]))
    assert table["diabetic_macular_edema"].notna().all()
    one = made(tmp_path, "octmnist", targets=["drusen"])
    assert one.task is Task.BINARY
    np.testing.assert_array_equal(one.table()["drusen"], released == 2)


def test_an_image_read_is_the_callers_own(tmp_path):
    np.savez(tmp_path / "pneumoniamnist.npz", **arrays())
    data = made(tmp_path)
    first = data.files.read("train/00000").copy()
    data.files.read("train/00000")[:] = 0
    np.testing.assert_array_equal(data.files.read("train/00000"), first)


@pytest.mark.parametrize(
    "image", ["train/00005", "train/x", "train/-1", "train/", "tuning/00001", "00001"]
)
def test_unknown_images(tmp_path, image):
    np.savez(tmp_path / "pneumoniamnist.npz", **arrays())
    with pytest.raises(MedsmallError, match="has no image"):
        made(tmp_path).files.read(image)


def test_other_sizes_are_refused():
    with pytest.raises(MedsmallError, match="size_px must be 28, 64, 128 or 224, but is 32"):
        made("x", size_px=32)


def test_threads_load_each_array_once(tmp_path, monkeypatch):
    np.savez(tmp_path / "pneumoniamnist.npz", **arrays())
    data, loaded = made(tmp_path), []
    load = data.files._load
    monkeypatch.setattr(data.files, "_load", lambda key: loaded.append(key) or load(key))
    with ThreadPoolExecutor(16) as pool:
        pixels = list(pool.map(data.files.read, ["train/00001", "val/00001"] * 50))
    assert sorted(k for k in loaded if k.endswith("images")) == ["train_images", "val_images"]
    assert all((one == pixels[0]).all() for one in pixels[::2])


def test_workers_get_no_pixels(tmp_path):
    np.savez(tmp_path / "pneumoniamnist_224.npz", **arrays(224))
    data = made(tmp_path, size_px=224)
    expected = data.files.read("train/00003")
    sent = pickle.dumps(data)
    assert len(sent) < 10_000
    np.testing.assert_array_equal(pickle.loads(sent).files.read("train/00003"), expected)
    np.testing.assert_array_equal(data.files.read("train/00003"), expected)


@pytest.fixture
def large(monkeypatch):
    """As if the arrays of small files were large ones."""
    monkeypatch.setattr("medsmall.dataset.npz.LARGE", 1000)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_large_arrays_stay_on_disk(tmp_path, large, save):
    stored = arrays(flag="bloodmnist")
    save(tmp_path / "bloodmnist.npz", **stored)
    data = made(tmp_path, "bloodmnist")
    with ThreadPoolExecutor(8) as pool:
        pixels = list(pool.map(data.files.read, [f"train/{i % 5:05d}" for i in range(200)]))
    for i, read in enumerate(pixels):
        np.testing.assert_array_equal(read, stored["train_images"][i % 5])
    assert type(pixels[0]) is np.ndarray
    pixels[0][:] = 0
    np.testing.assert_array_equal(data.files.read("train/00000"), stored["train_images"][0])
    assert not isinstance(data.files._arrays["train_images"], np.ndarray)
    copy = pickle.loads(pickle.dumps(data))
    np.testing.assert_array_equal(copy.files.read("train/00004"), stored["train_images"][4])
    with pytest.raises(MedsmallError, match="has no image"):
        data.files.read("train/00005")
    assert [path.name for path in tmp_path.iterdir()] == ["bloodmnist.npz"]


def test_a_forked_worker_reads_them_too(tmp_path, large):
    """It shares the open file, whose position must not matter."""
    stored = arrays(224)
    np.savez(tmp_path / "pneumoniamnist_224.npz", **stored)
    data = made(tmp_path, size_px=224)
    data.files.read("train/00000")
    fork = multiprocessing.get_context("fork")

    def read_all():
        for i in range(100):
            np.testing.assert_array_equal(
                data.files.read(f"train/{i % 5:05d}"), stored["train_images"][i % 5]
            )

    workers = [fork.Process(target=read_all) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]


def test_a_full_disk_is_one_sentence(tmp_path, large, monkeypatch):
    np.savez(tmp_path / "pneumoniamnist.npz", **arrays())
    monkeypatch.setattr("shutil.disk_usage", lambda folder: types.SimpleNamespace(free=10))
    with pytest.raises(
        MedsmallError, match=f"{tmp_path} has .* GB free.*train_images.*make room"
    ) as error:
        made(tmp_path).files.read("train/00000")
    assert "\n" not in str(error.value)


def test_damaged_large_files_are_named(tmp_path, large):
    path = tmp_path / "pneumoniamnist.npz"
    for content in damaged(tmp_path):
        path.write_bytes(content)
        with pytest.raises(MedsmallError, match="damaged"):
            made(tmp_path).files.read("test/00000")


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
        with pytest.raises(MedsmallError, match="damaged") as error:
            made(tmp_path).table()
        assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("train_labels", np.full((5, 1), 2, dtype=np.uint8), "labels from 0 to 1"),
        ("train_labels", np.zeros(5, dtype=np.uint8), r"shape \(N, 1\)"),
        ("train_labels", np.zeros((5, 14), dtype=np.uint8), r"shape \(N, 1\)"),
        ("train_labels", np.zeros((5, 1)), "float64"),
        ("train_images", np.zeros((5, 64, 64), dtype=np.uint8), r"\(N, 28, 28\)"),
        ("train_images", np.zeros((5, 28, 28, 3), dtype=np.uint8), r"\(N, 28, 28\)"),
        ("train_images", np.zeros((5, 28, 28)), "uint8 images"),
    ],
)
def test_arrays_of_another_kind_are_named(tmp_path, key, value, message):
    np.savez(tmp_path / "pneumoniamnist.npz", **{**arrays(), key: value})
    data = made(tmp_path)
    with pytest.raises(MedsmallError, match=f"'{key}' must hold .*{message}"):
        (data.table(), data.files.read("train/00000"))


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
    assert len(made(root, size_px=size).table()) == 10
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
        made(root).table()
    for part in (str(root), MedMNIST.url, "phantom=true"):
        assert part in str(error.value)
    assert (tmp_path / "seen").exists()
    assert root.exists() == existed
    assert not existed or not list(root.iterdir())


def test_download_can_be_forbidden(tmp_path, monkeypatch):
    package(monkeypatch, lambda *_, **__: pytest.fail("downloaded"))
    with pytest.raises(MedsmallError, match="holds no pneumoniamnist.npz"):
        made(tmp_path, download=False).table()


def test_real_file(real_data):
    root = real_data / "medmnist"
    data = made(root, download=False)
    table = data.table()
    assert table["split"].value_counts().to_dict() == {"train": 4_708, "test": 624, "val": 524}
    assert table["patient"].is_unique
    with np.load(root / "pneumoniamnist.npz") as stored:
        for part in PARTS:
            rows = table[table["split"] == part]
            np.testing.assert_array_equal(rows["pneumonia"], stored[f"{part}_labels"][:, 0])
            np.testing.assert_array_equal(
                data.files.read(f"{part}/00007"), stored[f"{part}_images"][7]
            )


@pytest.mark.parametrize("flag", FLAGS)
def test_phantoms_have_every_class_and_it_shows(tmp_path, flag):
    data = made(tmp_path, flag, download=False)
    data.write_phantom(tmp_path, 60, 0)
    assert [path.name for path in tmp_path.iterdir()] == [f"{flag}.npz"]
    table = data.table()
    train = table["split"] == "train"
    assert (table.loc[train, data.targets].sum() > 0).all()
    assert table["split"].value_counts().to_dict() == {"train": 48, "test": 7, "val": 5}
    pixels = np.stack([data.files.read(image) for image in table["image"]]).astype(float)
    assert pixels.shape == (60, 28, 28, 3)[: 3 + (data.facts.channels == 3)]
    if data.task is Task.MULTICLASS:
        kind = table[data.labels].to_numpy().argmax(axis=1)
        assert share_of_nearest_class(pixels, kind) > 1.8 / len(data.labels)


def share_of_nearest_class(pixels, kind):
    """How often the nearest other image, by mean and deviation of each row, has the same class."""
    rows = pixels.reshape(len(pixels), 28, -1)
    features = np.concatenate([rows.mean(axis=2), rows.std(axis=2)], axis=1)
    distance = ((features[:, None] - features) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    return (kind[distance.argmin(axis=1)] == kind).mean()


@pytest.mark.parametrize("size", [28, 64])
def test_the_pneumonia_phantom_has_a_leak_to_find(tmp_path, size):
    data = made(tmp_path, size_px=size, download=False)
    data.write_phantom(tmp_path, 60, 0)
    table = data.table()
    assert data.files.read("test/00001").shape == (size, size)
    train = {
        data.files.read(image).tobytes() for image in table["image"][table["split"] == "train"]
    }
    val = [
        data.files.read(image).tobytes() in train
        for image in table["image"][table["split"] == "val"]
    ]
    assert sum(val) == 2
    assert 0.6 < table["pneumonia"].mean() < 0.8
