"""What is known of the real samples is found, and no more; skipped where there are none."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hydra.utils import instantiate
from made_films import InMemory

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

pytestmark = pytest.mark.untraced


@pytest.fixture
def opened(real_data, tmp_path):
    """Overrides -> data set, rows with their part, prepared images."""

    def run(*overrides: str):
        cfg = compose([*overrides, f"data_root={real_data}", "dataset.missing_images=drop"])
        dataset = instantiate(cfg.dataset)
        rows = present_only(dataset, dataset.table())
        rows["part"] = instantiate(cfg.split).assign(rows, dataset.targets)
        return dataset, rows, prepare(dataset, list(rows["image"]), 96, tmp_path)

    return run


def test_pneumoniamnist_has_eight_val_images_in_train(opened):
    dataset, rows, prepared = opened("dataset=pneumoniamnist", "split=official")
    found, pairs = identical_images(dataset, prepared, rows)
    across = found[found["severity"] == "contamination"]
    val = {image for pair in across[["image_a", "image_b"]].to_numpy() for image in pair}
    assert len([image for image in val if image.startswith("val/")]) == 8
    near, _, _ = near_duplicates(prepared, rows, pairs)
    assert not (near["severity"] == "contamination").any()
    (notice,) = gate("pneumoniamnist", rows, prepared, [], [], "", Path())
    assert notice.startswith("pneumoniamnist: 8 val image(s) are also in train")


def test_kermanys_byte_identical_films(opened):
    dataset, rows, prepared = opened("dataset=chest_xray", "split=by_patient")
    found, pairs = identical_images(dataset, prepared, rows)
    groups: dict[str, set[str]] = {}
    for image in rows["image"]:
        key = hashlib.sha256(Path(dataset.files.file(image)).read_bytes()).hexdigest()
        groups.setdefault(key, set()).add(image)
    expected = {frozenset(group) for group in groups.values() if len(group) > 1}
    assert {frozenset(p) for p in found[["image_a", "image_b"]].to_numpy()} == expected
    assert len(expected) >= 8
    assert set(found["explanation"]) == {"byte-identical files"}
    assert near_duplicates(prepared, rows, pairs)[0].empty
    assert constant_and_inverted(prepared, rows, dataset.modality).empty
    assert gate("chest_xray", rows, prepared, [], [], "", Path()) == []
    official = patients_across_splits(rows, rows["split"], used=True)
    assert len(official) >= 49
    assert (official["patient_a"] == official["patient_b"]).all()


@pytest.mark.parametrize("name", ["chestxray14", "ham10000", "malaria"])
def test_nothing_is_made_up(opened, name):
    dataset, rows, prepared = opened(f"dataset={name}", "split=by_patient")
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
    real_data, tmp_path, name
):
    cfg = compose([f"dataset={name}", f"data_root={real_data}", "dataset.missing_images=drop"])
    dataset = instantiate(cfg.dataset)
    rows = present_only(dataset, dataset.table()).sample(240, random_state=0)
    first = np.unique(prepare(dataset, list(rows["image"]), 250, tmp_path).digests, axis=0,
                      return_index=True)[1]  # fmt: skip
    rows = rows.iloc[np.sort(first)].reset_index(drop=True).assign(part="")
    names = list(rows["image"])
    large, small = (prepare(dataset, names, side, tmp_path) for side in (250, 64))
    # every second patient is in the upstream
    odd = np.flatnonzero(rows["patient"].factorize()[0] % 2)
    half = prepare(dataset, [names[row] for row in odd], 64, tmp_path)
    again = InMemory([saved_again(large.pixels(row)) for row in odd])
    again.images = half.images
    for upstream in (half, again):
        found = upstream_overlap([seen(upstream)], "this", rows, large)
        assert list(found["image_a"]) == half.images
        shown = found["image_b"].str.removeprefix("other: ")
        assert (shown == found["image_a"]).all()
        assert (found["value"] > 0.9).all()
    assert len(upstream_overlap([seen(small)], "this", rows, large)) == len(rows)
