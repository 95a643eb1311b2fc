"""What a run keeps of the images it learnt from, and what a later run reads of it."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from medsmall.audit.provenance import UNKNOWN, marks
from medsmall.audit.seen import seen_by_run, write_seen
from medsmall.audit.similarity import kept_thumbnail
from medsmall.audit.upstream import upstream_overlap
from medsmall.cache.fingerprint import difference_hash, digest
from medsmall.errors import MedsmallError
from medsmall.pretraining.file import WeightsFile
from medsmall.record import Record

PATIENTS = ["NA", "007", "null", "p3", "p4", "p5"]


class Films:
    """What is used of `medsmall.cache.Prepared`: noise, in another order than that of the draw."""

    def __init__(self) -> None:
        shape = (len(PATIENTS), 40, 40, 1)
        self.images = [f"{i}.png" for i in reversed(range(len(PATIENTS)))]
        self.films = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        self.hashes = np.array([difference_hash(film) for film in self.films])
        self.digests = np.array([np.frombuffer(digest(film), np.uint8) for film in self.films])

    def pixels(self, row: int) -> np.ndarray:
        return self.films[row]

    def centre(self, row: int) -> None:
        return None


@pytest.fixture
def draw() -> pd.DataFrame:
    draw = pd.DataFrame(
        {
            "image": [f"{i}.png" for i in range(len(PATIENTS))],
            "patient": PATIENTS,
            "part": ["train", "train", "val", "train", "test", "test"],
        }
    )
    return pd.concat([draw, draw.iloc[:1]])  # drawn twice


@pytest.fixture
def recorded(tmp_path, draw):
    """Write what is read of a record."""

    def record(name: str, upstream: str | None = None, **more: object) -> Record:
        folder = tmp_path / name
        folder.mkdir()
        draw.to_csv(folder / "draw.csv", index=False)
        write_seen(folder / "seen.npz", draw, Films())
        facts = {"dataset": f"set of {name}", "upstream": upstream, **more}
        (folder / "metrics.json").write_text(json.dumps(facts))
        save_file({"a": torch.ones(2)}, folder / "model.safetensors")
        (folder / "DONE").touch()
        return Record(folder)

    return record


def test_what_is_written_is_read_and_no_test_image_is_kept(recorded):
    films = Films()
    (seen,) = seen_by_run(recorded("a"))
    assert seen.dataset == "set of a"
    assert seen.patients == marks("set of a", ["NA", "007", "null", "p3"])
    assert seen.images == [f"{i}.png" for i in range(4)]
    rows = [films.images.index(image) for image in seen.images]
    np.testing.assert_array_equal(seen.hashes, films.hashes[rows])
    np.testing.assert_array_equal(seen.digests, films.digests[rows])
    expected = [kept_thumbnail(films.films[row]) for row in rows]
    np.testing.assert_array_equal(seen.thumbnails, expected)
    assert (seen.hashes.dtype, seen.digests.dtype, seen.thumbnails.dtype) == ("u8", "u1", "i1")


def test_the_file_takes_the_name_it_is_given_and_equal_content_is_equal_bytes(tmp_path, draw):
    for name in ("one", "two.part"):
        write_seen(tmp_path / name, draw, Films())
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two.part"}
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two.part").read_bytes()
    with np.load(tmp_path / "one", allow_pickle=False) as one:
        looks = {"looks", "look_patients", "coloured"}
        assert set(one) == {"images", "digests", "hashes", "thumbnails", *looks}


def test_a_draw_without_anything_learnt(tmp_path, draw):
    write_seen(tmp_path / "seen.npz", draw[draw["part"] == "test"], Films())
    with np.load(tmp_path / "seen.npz", allow_pickle=False) as kept:
        assert kept["images"].tolist() == []
        assert kept["thumbnails"].shape == (0, 32, 32)
        assert kept["hashes"].shape == (0, 4)


def test_a_file_in_a_record_has_seen_what_its_run_saw_also_by_a_link(recorded, tmp_path):
    record = recorded("a")
    (tmp_path / "linked.safetensors").symlink_to(record.model)
    for path in (record.model, tmp_path / "linked.safetensors"):
        source = WeightsFile(str(path), None, None, "unknown").source(None, None)
        (seen,) = source.seen()
        assert seen.patients == marks("set of a", ["NA", "007", "null", "p3"])
        assert seen.dataset == "set of a"
        assert source.record.folder == record.folder


def test_a_file_of_an_unfinished_run_is_refused(recorded):
    record = recorded("a")
    (record.folder / "DONE").unlink()
    with pytest.raises(MedsmallError, match="holds an unfinished run"):
        WeightsFile(str(record.model), None, None, "mura").source(None, None)


def test_a_file_that_is_not_the_one_of_its_record_is_refused(recorded):
    record = recorded("a", weights_sha256="0" * 64)
    with pytest.raises(MedsmallError, match="differs from what its run recorded"):
        WeightsFile(str(record.model), None, None, "mura").source(None, None)


def test_of_a_file_beside_a_done_of_somebody_else_nothing_is_known(tmp_path):
    (tmp_path / "DONE").touch()
    save_file({"a": torch.ones(2)}, tmp_path / "model.safetensors")
    path = str(tmp_path / "model.safetensors")
    source = WeightsFile(path, None, None, "mura").source(None, None)
    assert source.record is None
    assert [(one.dataset, one.patients) for one in source.seen()] == [("mura", None)]


def test_a_draw_that_has_lost_rows_is_damaged(recorded, draw):
    record = recorded("a", labels_used=4)
    assert len(seen_by_run(record)) == 1
    draw.iloc[:2].to_csv(record.folder / "draw.csv", index=False)
    with pytest.raises(MedsmallError, match=r"draw.csv has lost rows. Delete the folder"):
        seen_by_run(record)


@pytest.mark.parametrize("name", ["images", "digests", "hashes", "thumbnails"])
def test_what_was_kept_of_other_images_is_damaged(recorded, name):
    record = recorded("a")
    kept = record.seen
    for wrong in (None, kept[name][:1], kept[name].astype("f4") if name != "images" else None):
        rest = {k: v for k, v in kept.items() if k != name}
        rest |= {} if wrong is None else {name: wrong}
        np.savez_compressed(record.folder / "seen.npz", **rest)
        with pytest.raises(MedsmallError, match=f"seen.npz does not hold the {name} of 4 images"):
            seen_by_run(record)


def test_upstreams_before_it_are_followed(recorded, capsys):
    recorded("first")
    recorded("second", "../first")
    seen = seen_by_run(recorded("third", "../second"))
    assert [one.dataset for one in seen] == ["set of third", "set of second", "set of first"]
    assert capsys.readouterr().err == ""


def test_an_upstream_whose_record_is_gone_is_named(recorded, tmp_path, capsys):
    seen, before = seen_by_run(recorded("third", "../second"))
    assert (before.dataset, before.patients) == (UNKNOWN, None)
    assert seen.dataset == "set of third"
    (sentence,) = capsys.readouterr().err.splitlines()
    assert f"third began with weights whose record {tmp_path / 'second'} is gone" in sentence


def test_of_an_older_record_the_patients_are_known_alone(recorded, draw, capsys):
    record = recorded("older")
    (record.folder / "seen.npz").unlink()
    (seen,) = seen_by_run(record)
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("The run older has no seen.npz: ")
    rows = draw.iloc[:6].set_index(np.arange(5, -1, -1))
    found = upstream_overlap([seen], "set of older", rows, Films())
    assert set(found["patient_a"]) == {"NA", "007", "null", "p3"}
    assert upstream_overlap([seen], "another", rows, Films()).empty
