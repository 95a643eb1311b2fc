"""What is known of the real samples is found, and no more; skipped where there are none."""

import functools
import hashlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import real_tables
from datasets import made
from made_films import InMemory

from medsmall import prepare as command
from medsmall.audit.__main__ import audit
from medsmall.audit.films import constant_and_inverted
from medsmall.audit.gate import gate
from medsmall.audit.identical import identical_images
from medsmall.audit.near import near_duplicates
from medsmall.audit.patients import patients_across_splits
from medsmall.audit.provenance import Seen
from medsmall.audit.similarity import kept_thumbnail
from medsmall.audit.upstream import upstream_overlap
from medsmall.cache import prepare
from medsmall.configs import compose
from medsmall.dataset.files import present_only
from medsmall.split import ByPatient, Official, Split, Stratified

FOLDERS = {"pneumoniamnist": "medmnist"}  # others have one of their name
SIDE = 64  # as in tests/test_every_data_set.py: images are decoded once for both


@functools.cache
def present(name: str, data_root: Path):
    """The data set, and the rows of its table whose image exists."""
    dataset = made(name, data_root / FOLDERS.get(name, name), missing_images="drop")
    table = real_tables.chestxray14(data_root) if name == "chestxray14" else dataset.table()
    return dataset, present_only(dataset, table)


@pytest.fixture
def opened(real_data, outputs):
    """Name of a data set and its split -> data set, rows with their part, prepared images."""

    def run(name: str, split: Split, side: int = SIDE):
        dataset, rows = present(name, real_data)
        rows = rows.assign(part=split.assign(rows, dataset.targets))
        return dataset, rows, prepare(dataset, list(rows["image"]), side, outputs / "cache")

    return run


@pytest.fixture
def audited(real_data, outputs):
    """Overrides -> whether the command finds nothing to mend, and its findings."""

    def run(name: str, *overrides: str):
        where = [f"data_root={real_data}", f"output_root={outputs}"]
        clean = audit(compose([f"dataset={name}", *overrides, *where]))
        return clean, pd.read_csv(outputs / "audit" / name / "findings.csv")

    return run


def test_pneumoniamnist_has_eight_val_images_in_train(audited, opened):
    clean, found = audited("pneumoniamnist", "image_size_px=28")
    across = found[found["severity"] == "contamination"]
    assert not clean
    assert set(across["check"]) == {"identical_images"}
    sides = across[["image_a", "image_b"]].stack()
    assert sides[sides.str.startswith("val/")].nunique() == 8
    assert not sides.str.startswith("test/").any()
    _, rows, prepared = opened("pneumoniamnist", Official(), side=28)
    (notice,) = gate("pneumoniamnist", rows, prepared, [], [], "", Path())
    assert notice.startswith("pneumoniamnist: 8 val image(s) are also in train")


def test_kermanys_byte_identical_films(audited, opened, real_data, outputs, capsys):
    """It has 8 surplus files that are byte for byte another, and person numbers in two parts."""
    config = ["split=stratified", f"image_size_px={SIDE}"]
    where = [f"data_root={real_data}", f"output_root={outputs}"]
    command.work(compose(["dataset=chest_xray", *config, *where]))
    assert "1,431 images of chest_xray at 64 px, grey" in capsys.readouterr().out
    clean, found = audited("chest_xray", *config)
    assert clean
    dataset, rows, prepared = opened("chest_xray", Stratified())
    groups: dict[str, set[str]] = {}
    for image in rows["image"]:
        key = hashlib.sha256(Path(dataset.files.file(image)).read_bytes()).hexdigest()
        groups.setdefault(key, set()).add(image)
    expected = {frozenset(group) for group in groups.values() if len(group) > 1}
    copies = found[found["check"] == "identical_images"]
    assert {frozenset(p) for p in copies[["image_a", "image_b"]].to_numpy()} == expected
    assert len(copies) == len(expected) == 8
    assert set(copies["explanation"]) == {"byte-identical files"}
    assert not found["check"].isin(["near_duplicates", "constant", "inverted"]).any()
    assert gate("chest_xray", rows, prepared, [], [], "", Path()) == []
    official = patients_across_splits(rows, rows["split"], used=True)
    assert len(official) >= 49
    assert (official["patient_a"] == official["patient_b"]).all()


@pytest.mark.parametrize("name", ["chestxray14", "ham10000", "malaria"])
def test_nothing_is_made_up(opened, name):
    dataset, rows, prepared = opened(name, ByPatient())
    found, pairs = identical_images(dataset, prepared, rows)
    near, _, calibration = near_duplicates(prepared, rows, pairs)
    assert found.empty
    assert near.empty
    assert calibration.alarms == 0
    assert constant_and_inverted(prepared, rows, dataset.modality).empty
    assert gate(name, rows, prepared, [], [], "", Path()) == []


def seen(prepared) -> Seen:
    """What weights trained on all these images, as another data set, would have seen."""
    thumbnails = [kept_thumbnail(prepared.pixels(row)) for row in range(len(prepared.images))]
    return Seen(
        "other",
        frozenset(),
        digests=prepared.digests,
        hashes=prepared.hashes,
        images=prepared.images,
        thumbnails=np.stack(thumbnails),
    )


def saved_again(film: np.ndarray) -> np.ndarray:
    """As JPEG of middling quality, a little brighter."""
    _, written = cv2.imencode(".jpg", cv2.add(film, 5), [cv2.IMWRITE_JPEG_QUALITY, 75])
    return cv2.imdecode(written, cv2.IMREAD_UNCHANGED).reshape(film.shape)


@pytest.mark.parametrize("name", ["chestxray14", "chest_xray", "ham10000", "malaria"])
def test_what_an_upstream_saw_is_known_again_at_another_size_and_nothing_else(
    real_data, outputs, name
):
    dataset, rows = present(name, real_data)
    rows = rows.sample(120, random_state=0)
    cache = outputs / "cache"
    first = np.unique(prepare(dataset, list(rows["image"]), 250, cache).digests, axis=0,
                      return_index=True)[1]  # fmt: skip
    rows = rows.iloc[np.sort(first)].reset_index(drop=True).assign(part="")
    names = list(rows["image"])
    large, small = (prepare(dataset, names, side, cache) for side in (250, SIDE))
    # every second patient is in the upstream
    odd = np.flatnonzero(rows["patient"].factorize()[0] % 2)
    half = prepare(dataset, [names[row] for row in odd], SIDE, cache)
    again = InMemory([saved_again(large.pixels(row)) for row in odd])
    again.images = half.images
    for upstream in (half, again):
        found = upstream_overlap([seen(upstream)], "this", rows, large)
        assert list(found["image_a"]) == half.images
        shown = found["image_b"].str.removeprefix("other: ")
        assert (shown == found["image_a"]).all()
        assert (found["value"] > 0.9).all()
    assert len(upstream_overlap([seen(small)], "this", rows, large)) == len(rows)
