"""Near duplicates: found where planted, and as rarely by mistake as the calibration says."""

import cv2
import numpy as np
import pandas as pd
import pytest
from made_films import InMemory, textures

from medsmall.audit.calibration import CAP, FLOOR, RADIUS, Tail, calibrate, upper_bound
from medsmall.audit.near import copies, near_duplicates
from medsmall.audit.neighbours import distances
from medsmall.audit.similarity import Similarity, thumbnail

NONE = np.zeros((0, 2), dtype=np.int64)


def similarity_of(prepared: InMemory) -> Similarity:
    return Similarity(lambda row: thumbnail(prepared.pixels(row)), len(prepared.images))


def all_correlations(prepared: InMemory) -> np.ndarray:
    rows = similarity_of(prepared).of(np.arange(len(prepared.images)))
    return rows @ rows.T


def changed(film: np.ndarray, seed: int) -> np.ndarray:
    """The film saved again, smaller and brighter."""
    small = cv2.resize(film, (80, 80), interpolation=cv2.INTER_AREA)
    back = cv2.resize(small, film.shape[:2], interpolation=cv2.INTER_LINEAR)
    noise = np.random.default_rng(seed).normal(12, 2, back.shape)
    return np.clip(back + noise, 0, 255).astype(np.uint8)[..., None]


def rows(patients: list[str], parts: list[str]) -> pd.DataFrame:
    images = [f"{i}.png" for i in range(len(patients))]
    return pd.DataFrame({"image": images, "patient": patients, "part": parts})


def test_changed_copies_are_found_and_nothing_else(films):
    prepared = InMemory(
        np.concatenate([films, [changed(film, i) for i, film in enumerate(films[:3])]])
    )
    n = len(films)
    # the third copy is of the same patient: a follow-up, and no news
    patients = [*map(str, range(n)), "a", "b", "2"]
    found, pairs, calibration = near_duplicates(
        prepared, rows(patients, ["train"] * (n + 1) + ["test"] * 2), NONE
    )
    assert sorted(pairs.tolist()) == [[0, n], [1, n + 1]]
    assert dict(zip(found["image_b"], found["severity"], strict=True)) == {
        f"{n}.png": "notice",
        f"{n + 1}.png": "contamination",
    }
    assert (found["value"] >= calibration.threshold).all()
    assert calibration.compared == (n + 3) * (n + 2) // 2 - 1
    assert f"{calibration.threshold:.3f}" in str(calibration)


def test_between_two_sets_only_pairs_across_count(films):
    prepared = InMemory(np.concatenate([films, [changed(films[0], 0), changed(films[1], 1)]]))
    patients = np.array([str(i) for i in range(len(prepared.images))], dtype=object)
    left, right = np.array([0, 1, 2, 120]), np.array([5, 6, 7, 121])
    a, b, _, calibration = copies(prepared, patients, left, right)
    assert (a.tolist(), b.tolist()) == ([1], [121])
    assert calibration.compared == 16


def test_no_image_that_could_be_read(films):
    prepared = InMemory(films[:1])
    prepared.images, prepared.digests, prepared.hashes = (
        [], prepared.digests[:0], prepared.hashes[:0]
    )  # fmt: skip
    found, pairs, calibration = near_duplicates(prepared, rows([], []), NONE)
    assert (len(found), len(pairs), calibration.pairs, calibration.bound) == (0, 0, 0, 1)


@pytest.mark.parametrize("n", [1, 2, 12, 20])
def test_tiny_data(films, n):
    prepared = InMemory(np.concatenate([films[:n], [changed(films[0], 0)]]))
    patients = [str(i) for i in range(n + 1)]
    _, pairs, calibration = near_duplicates(prepared, rows(patients, [""] * (n + 1)), NONE)
    if calibration.pairs < 100:
        assert calibration.threshold == CAP
        assert "false alarms: unknown" in str(calibration)
    else:
        assert pairs.tolist() == [[0, n]]


def test_images_without_contrast_are_no_near_duplicates(films):
    flat = (
        np.full((5, 96, 96, 1), 128, np.uint8) + np.arange(5, dtype=np.uint8)[:, None, None, None]
    )
    prepared = InMemory(np.concatenate([films[:30], flat]))
    _, pairs, _ = near_duplicates(prepared, rows([*map(str, range(35))], [""] * 35), NONE)
    assert not len(pairs)


@pytest.mark.parametrize("shared", [1.0, 4.0])
def test_false_alarms_are_no_more_than_printed(shared):
    """Calibrated on some films, counted on others, which share few or many details."""
    known, fresh = textures(150, 64, 5, shared), textures(210, 64, 6, shared)
    prepared = InMemory(known)
    n = len(known)
    similarity = similarity_of(prepared)
    calibration = calibrate(
        similarity, prepared.hashes, np.arange(n), np.arange(n), n * (n - 1) // 2
    )
    others = InMemory(fresh)
    i, j = np.triu_indices(len(fresh), 1)
    correlation = all_correlations(others)[i, j]
    near = distances(others.hashes[i], others.hashes[j]) <= RADIUS
    alarms = int((near & (correlation >= calibration.threshold)).sum())
    assert alarms / len(i) <= calibration.bound
    assert calibration.bound == pytest.approx(3 / calibration.pairs, rel=0.01)
    assert FLOOR <= calibration.threshold < CAP
    # the tail's own promise, without floor and hash: no more than a few in all pairs
    z = np.arctanh(all_correlations(prepared)[np.triu_indices(n, 1)])
    beyond = np.arctanh(correlation) >= Tail.of(z).upper_quantile(1e-4)
    assert beyond.mean() <= 3e-4


def test_an_exponential_tail_is_found_in_spite_of_copies():
    values = np.random.default_rng(0).exponential(2.0, 50_000)
    tail = Tail.of(np.concatenate([values, np.full(20, 1000.0)]))
    assert tail.scale == pytest.approx(2, rel=0.4)
    assert tail.upper_quantile(1e-6) == pytest.approx(2 * np.log(1e6), rel=0.25)
    assert tail.probability(tail.upper_quantile(1e-9)) == pytest.approx(1e-9)


def test_the_bound_of_no_event_is_the_rule_of_three():
    assert upper_bound(0, 100_000) == pytest.approx(3e-5, rel=0.01)
    assert upper_bound(5, 100) == pytest.approx(0.1024, abs=1e-3)  # Clopper and Pearson's tables
    assert upper_bound(4, 4) == 1
