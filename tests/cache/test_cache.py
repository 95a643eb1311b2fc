"""The cache: right pixels, decoded once, whatever is killed, changed or missing."""

import multiprocessing
import os
import pickle
import resource
import sqlite3
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from medsmall.cache import build, prepare
from medsmall.cache.fingerprint import difference_hash, digest
from medsmall.dataset import images as decoding
from medsmall.dataset.files import ImageFiles
from medsmall.errors import MedsmallError

FLIPS = 60


class Files(ImageFiles):
    """Images of a folder, which notes each that it decodes, and waits before."""

    def __init__(self, root, wait):
        super().__init__(root, "error")
        self.wait, self.log = wait, root / "decoded.log"

    def read(self, image):
        time.sleep(self.wait)
        with open(self.log, "a") as log:
            log.write(f"{image}\n")
        return super().read(image)


class Folder:
    """A data set of such images, as far as the cache asks."""

    name = "folder"

    def __init__(self, root, wait=0.0):
        self.root, self.log = root, root / "decoded.log"
        self.files = Files(root, wait)

    def decoded(self):
        return self.log.read_text().split() if self.log.exists() else []


def write(path, seed, shape=(40, 30)):
    rng = np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(path)
    return path.name


@pytest.fixture
def films(tmp_path):
    root = tmp_path / "films"
    root.mkdir()
    names = [write(root / f"{i:03d}.png", i) for i in range(20)]
    return Folder(root), names


@pytest.mark.parametrize("side", [16, 40, 64])
def test_pixels_are_those_of_the_file_squeezed_to_the_square(films, tmp_path, side):
    data, names = films
    prepared = prepare(data, names, side, tmp_path / "cache")
    assert prepared.images == names
    assert prepared.channels == 1
    how = cv2.INTER_AREA if side < 36 else cv2.INTER_LINEAR
    for row, name in enumerate(names):
        original = np.asarray(Image.open(data.root / name))
        expected = cv2.resize(original, (side, side), interpolation=how)
        np.testing.assert_array_equal(prepared.pixels(row)[..., 0], expected)
        assert prepared.pixels(row).shape == (side, side, 1)
        assert prepared.digests[row].tobytes() == digest(prepared.pixels(row))
        np.testing.assert_array_equal(prepared.hashes[row], difference_hash(prepared.pixels(row)))


def test_each_image_is_decoded_once_however_often_it_is_asked_for(films, tmp_path):
    data, names = films
    some = prepare(data, names[5:10], 16, tmp_path / "cache")
    everything = prepare(data, names[::-1], 16, tmp_path / "cache")
    prepare(data, names, 16, tmp_path / "cache")
    assert sorted(data.decoded()) == names
    assert everything.images == names[::-1]
    np.testing.assert_array_equal(everything.pixels(14), some.pixels(0))
    twice = prepare(data, [names[3], names[3]], 16, tmp_path / "cache")
    np.testing.assert_array_equal(twice.pixels(0), twice.pixels(1))
    prepare(data, names[:1], 20, tmp_path / "cache")  # another size is another cache
    assert len(data.decoded()) == len(names) + 1


@pytest.mark.parametrize("kinds", ["g", "c", "gc", "cg", "ggcgc"])
def test_grey_and_colour_images_keep_their_place_and_value(kinds, tmp_path):
    root = tmp_path / "mixed"
    root.mkdir()
    names = []
    for i, kind in enumerate(kinds):
        colour = np.full((6, 4, 3), (i, 100 + i, 50), np.uint8)
        pixels = colour if kind == "c" else np.full((6, 4), i, np.uint8)
        Image.fromarray(pixels).save(root / f"{i}.png")
        names.append(f"{i}.png")
    prepared = prepare(Folder(root), names, 8, tmp_path / "cache")
    assert prepared.channels == (3 if "c" in kinds else 1)
    for i, kind in enumerate(kinds):
        pixels = prepared.pixels(i)
        assert pixels.shape == (8, 8, prepared.channels)
        assert (pixels == ((i, 100 + i, 50) if kind == "c" else i)).all()


def test_a_grey_image_saved_in_colour_takes_one_channel(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (8, 8, 1), dtype=np.uint8)
    Image.fromarray(grey.repeat(3, axis=2)).save(tmp_path / "a.png")
    prepared = prepare(Folder(tmp_path), ["a.png"], 8, tmp_path / "cache")
    np.testing.assert_array_equal(prepared.pixels(0), grey)
    assert prepared.file.stat().st_size == 64


def test_a_changed_file_is_decoded_again_and_its_old_readers_are_not_disturbed(films, tmp_path):
    data, names = films
    before = prepare(data, names, 16, tmp_path / "cache")
    old = before.pixels(4).copy()
    write(data.root / names[4], 99)
    os.utime(data.root / names[4], ns=(1, 1))
    after = prepare(data, names, 16, tmp_path / "cache")
    assert data.decoded().count(names[4]) == 2
    np.testing.assert_array_equal(before.pixels(4), old)
    assert (after.pixels(4) != old).any()
    np.testing.assert_array_equal(after.pixels(5), before.pixels(5))


def test_files_of_one_size_and_time_that_exchange_their_names_are_other_images(tmp_path):
    """As an archive may leave them: bitmaps of equal size, all of one time."""
    for name, grey in (("a.bmp", 10), ("b.bmp", 200)):
        Image.fromarray(np.full((8, 8), grey, np.uint8)).save(tmp_path / name)
        os.utime(tmp_path / name, ns=(10**18, 10**18))
    names = ["a.bmp", "b.bmp"]
    before = prepare(Folder(tmp_path), names, 8, tmp_path / "cache")
    assert [int(before.pixels(i).max()) for i in (0, 1)] == [10, 200]
    for old, new in (("a.bmp", "c.bmp"), ("b.bmp", "a.bmp"), ("c.bmp", "b.bmp")):
        (tmp_path / old).rename(tmp_path / new)
    after = prepare(Folder(tmp_path), names, 8, tmp_path / "cache")
    assert [int(after.pixels(i).max()) for i in (0, 1)] == [200, 10]


def test_what_an_unreadable_image_costs(films, tmp_path):
    data, names = films
    (data.root / names[7]).write_bytes(b"no image")
    with pytest.raises(MedsmallError, match=names[7]):
        prepare(data, names, 16, tmp_path / "cache")
    unreadable = {}
    prepared = prepare(data, names, 16, tmp_path / "cache", unreadable)
    assert list(unreadable) == [names[7]]
    assert names[7] in unreadable[names[7]]
    assert prepared.images == names[:7] + names[8:]
    with pytest.raises(MedsmallError, match="absent"):
        prepare(data, ["gone.png"], 16, tmp_path / "cache")


def test_it_goes_on_where_it_was_stopped(films, tmp_path, monkeypatch):
    data, names = films
    monkeypatch.setattr(build, "CHUNK_IMAGES", 4)
    (data.root / names[13]).rename(tmp_path / "aside.png")
    with pytest.raises(MedsmallError):
        prepare(data, names, 16, tmp_path / "cache")
    (file,) = (tmp_path / "cache").glob("*.u8")
    assert file.stat().st_size == 12 * 256  # three chunks of four are whole
    with open(file, "ab") as tail:
        tail.write(b"x" * 77)  # the beginning of a chunk that a killed process did not finish
    (tmp_path / "aside.png").rename(data.root / names[13])
    os.truncate(data.log, 0)
    prepared = prepare(data, names, 16, tmp_path / "cache")
    assert sorted(data.decoded()) == names[12:]
    for row, name in enumerate(names):
        expected = cv2.resize(decoding.decode(data.files.file(name)), (16, 16),
                              interpolation=cv2.INTER_AREA)  # fmt: skip
        np.testing.assert_array_equal(prepared.pixels(row)[..., 0], expected)


@pytest.mark.parametrize("lost", ["*.u8", "*.sqlite", "cut"])
def test_a_damaged_cache_is_made_anew(films, tmp_path, lost):
    data, names = films
    expected = prepare(data, names, 16, tmp_path / "cache").pixels(3).copy()
    if lost == "cut":
        (file,) = (tmp_path / "cache").glob("*.u8")
        os.truncate(file, 100)
    else:
        next((tmp_path / "cache").glob(lost)).unlink()
    prepared = prepare(data, names, 16, tmp_path / "cache")
    np.testing.assert_array_equal(prepared.pixels(3), expected)
    assert len(data.decoded()) == 2 * len(names)


def test_a_full_disk_is_one_sentence_and_nothing_is_half_made(films, tmp_path, monkeypatch):
    data, names = films
    monkeypatch.setattr(build, "CHUNK_IMAGES", 4)
    synced = os.fsync
    calls = []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 4:  # the first is of who holds the lock
            raise OSError(28, "No space left on device")
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MedsmallError, match=r"full after 8 of 20 images.*cache_root"):
        prepare(data, names, 16, tmp_path / "cache")
    (file,) = (tmp_path / "cache").glob("*.u8")
    assert file.stat().st_size == 8 * 256
    monkeypatch.setattr(os, "fsync", synced)
    assert len(prepare(data, names, 16, tmp_path / "cache")) == 20


def test_too_little_room_is_told_before_anything_is_decoded(films, tmp_path, monkeypatch):
    data, names = films
    monkeypatch.setattr(build.shutil, "disk_usage", lambda folder: type("", (), {"free": 1000}))
    with pytest.raises(MedsmallError, match="GiB free: make room"):
        prepare(data, names, 16, tmp_path / "cache")
    assert data.decoded() == []


def test_a_full_disk_under_the_index_is_told_likewise(films, tmp_path, monkeypatch):
    data, names = films

    def full(self, entries):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(build.Index, "add", full)
    with pytest.raises(MedsmallError, match="full after 0 of 20"):
        prepare(data, names, 16, tmp_path / "cache")


def _prepare(root, names, folder):
    build.CHUNK_IMAGES = 2
    prepared = prepare(Folder(root, wait=0.01), names, 16, folder)
    return {name: digest(prepared.pixels(row)) for row, name in enumerate(prepared.images)}


def test_processes_that_start_together_decode_each_image_once(films, tmp_path):
    data, names = films
    draws = [names[:14], names[6:], names[::2]]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, mp_context=context) as pool:
        jobs = [pool.submit(_prepare, data.root, draw, tmp_path / "cache") for draw in draws]
        found = [job.result() for job in jobs]
    alone = prepare(data, names, 16, tmp_path / "alone")
    expected = {name: digest(alone.pixels(row)) for row, name in enumerate(names)}
    assert found == [{name: expected[name] for name in draw} for draw in draws]
    assert sorted(data.decoded()) == sorted([*names, *names])  # once together, once alone


def test_a_process_that_writes_meanwhile_hides_nothing(films, tmp_path, monkeypatch):
    """It commits a chunk between the look at the pixels and the look at the index."""
    data, names = films
    prepare(data, names[:10], 16, tmp_path / "cache")
    end_of = build.Index.end
    others = iter([names[10:]])

    def end(self, side):
        found = end_of(self, side)
        for rest in others:
            prepare(data, rest, 16, tmp_path / "cache")
        return found

    monkeypatch.setattr(build.Index, "end", end)
    assert prepare(data, names[:10], 16, tmp_path / "cache").images == names[:10]


def test_an_index_that_was_only_begun_is_made_anew(films, tmp_path):
    data, names = films
    prepare(data, names, 16, tmp_path / "cache")
    (index,) = (tmp_path / "cache").glob("*.sqlite")
    index.write_bytes(b"")
    assert len(prepare(data, names, 16, tmp_path / "cache")) == 20
    index.write_bytes(b"no database" * 100)
    with pytest.raises(MedsmallError, match="damaged.*delete it"):
        prepare(data, names, 16, tmp_path / "cache")


def a_folder(index):
    index.unlink()
    index.mkdir()


def of_another_schema(index):
    with closing(sqlite3.connect(index)) as database, database:
        database.execute("alter table images rename column offset to place")


def without_a_table_of_ours(index):
    index.unlink()
    with closing(sqlite3.connect(index)) as database, database:
        database.execute("create table images (image text)")


def with_another_offset(index):
    with closing(sqlite3.connect(index)) as database, database:
        database.execute("update images set offset = offset + 1 where image = '003.png'")


def with_another_hash(index):
    with closing(sqlite3.connect(index)) as database, database:
        database.execute("update images set dhash = zeroblob(32) where image = '003.png'")


def with_text_for_a_number(index):
    with closing(sqlite3.connect(index)) as database, database:
        database.execute("update images set offset = 'x' where image = '003.png'")


@pytest.mark.parametrize(
    "damage",
    [a_folder, of_another_schema, without_a_table_of_ours, with_another_offset,
     with_another_hash, with_text_for_a_number],
)  # fmt: skip
@pytest.mark.parametrize("wanted", [20, 21])
def test_an_index_that_was_changed_is_one_sentence(films, tmp_path, damage, wanted):
    """Whether all that is wanted is there or some must be added."""
    data, names = films
    prepare(data, names, 16, tmp_path / "cache")
    (index,) = (tmp_path / "cache").glob("*.sqlite")
    damage(index)
    names = [*names, write(data.root / "020.png", 20)][:wanted]
    with pytest.raises(MedsmallError, match=f"{index} is damaged .*: delete it, and the images"):
        prepare(data, names, 16, tmp_path / "cache")


@pytest.mark.parametrize("at", [0, 256 * 7 + 100, 256 * 20 - 1])
def test_pixels_that_were_changed_on_the_disk_are_not_used(films, tmp_path, at):
    data, names = films
    prepare(data, names, 16, tmp_path / "cache").check()
    (file,) = (tmp_path / "cache").glob("*.u8")
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    prepared = prepare(data, names, 16, tmp_path / "cache")
    changed = at // 256
    sentence = f"{file} is damaged .the pixels of {names[changed]} were changed.: delete it"
    for look in (prepared.check, lambda: prepared.pixels(changed)):
        with pytest.raises(MedsmallError, match=sentence):
            look()
    prepared.pixels(changed - 1 if changed else 1)
    file.unlink()
    prepare(data, names, 16, tmp_path / "cache").check()


def test_pixels_are_held_against_their_digest_once(films, tmp_path, monkeypatch):
    data, names = films
    prepared = prepare(data, names, 16, tmp_path / "cache")
    prepared.check()
    parcel = pickle.dumps(prepared)
    monkeypatch.setattr("medsmall.cache.prepared.digest", None)
    prepared.check()
    pickle.loads(parcel).check()


@pytest.mark.parametrize("which", ["*.sqlite", "*.u8"])
def test_any_byte_that_was_changed_gives_the_same_pixels_or_one_sentence(films, tmp_path, which):
    data, names = films
    first = prepare(data, names, 16, tmp_path / "cache")
    expected = [first.pixels(row).copy() for row in range(20)]
    (file,) = (tmp_path / "cache").glob(which)
    content, rng = file.read_bytes(), np.random.default_rng(0)
    other = {f: f.read_bytes() for f in (tmp_path / "cache").iterdir()}
    refused = []
    for _ in range(FLIPS):
        changed = bytearray(content)
        changed[rng.integers(len(content))] ^= int(rng.integers(1, 256))
        file.write_bytes(changed)
        try:
            prepared = prepare(data, names, 16, tmp_path / "cache")
            prepared.check()
            np.testing.assert_array_equal([prepared.pixels(row) for row in range(20)], expected)
            np.testing.assert_array_equal(prepared.hashes, first.hashes)
        except MedsmallError as error:
            refused.append(str(error))
        for path, before in other.items():
            path.write_bytes(before)
    assert len(refused) > FLIPS / 10
    assert all("is damaged" in sentence for sentence in refused)


def test_a_folder_that_takes_no_files_is_one_sentence_at_once(films):
    data, names = films
    with pytest.raises(MedsmallError, match=r"cannot be written to /proc .*set cache_root"):
        prepare(data, names, 16, Path("/proc"))


def test_what_decides_the_pixels_names_the_cache(films, tmp_path, monkeypatch):
    data, names = films

    def caches():
        prepare(data, names[:2], 16, tmp_path / "cache")
        return len(list((tmp_path / "cache").glob("*.u8")))

    assert [caches(), caches()] == [1, 1]
    data.files.reading = "grey=True"
    assert caches() == 2
    assert len(prepare(data, names[:2], 16, tmp_path / "cache", resize="pad")) == 2
    assert caches() == 3
    monkeypatch.setattr(decoding, "__file__", build.__file__)  # other code
    assert caches() == 4


def test_it_travels_to_a_worker_without_its_pixels(films, tmp_path):
    data, names = films
    prepared = prepare(data, names, 200, tmp_path / "cache")
    pixels = prepared.pixels(2).copy()
    parcel = pickle.dumps(prepared)
    assert len(parcel) < 10_000 < prepared.file.stat().st_size
    np.testing.assert_array_equal(pickle.loads(parcel).pixels(2), pixels)


def test_the_file_cannot_be_written_to_by_accident(films, tmp_path):
    data, names = films
    with pytest.raises(ValueError, match="read-only"):
        prepare(data, names, 16, tmp_path / "cache").pixels(0)[0, 0] = 1


def test_a_disk_that_fills_up_in_the_middle_of_a_chunk_is_one_sentence_too(films, tmp_path):
    data, names = films
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))  # nine images and a half
    try:
        with pytest.raises(MedsmallError, match="is full after 0 of 20 images"):
            prepare(data, names, 64, tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    (file,) = (tmp_path / "cache").glob("*.u8")
    assert file.stat().st_size == 0
    assert len(prepare(data, names, 64, tmp_path / "cache")) == 20
