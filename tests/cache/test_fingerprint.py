"""Fingerprints: equal for equal pixels, near for an image that was changed a little."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsmall.audit.neighbours import close_pairs, distances
from medsmall.cache.fingerprint import area_means, difference_hash, digest

noise = np.random.default_rng(0).integers(0, 256, (250, 250), dtype=np.uint8)


def bits(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.bitwise_count(difference_hash(a) ^ difference_hash(b)).sum())


@settings(max_examples=30, deadline=None)
@given(st.integers(5, 70), st.integers(5, 70), st.integers(1, 20), st.integers(1, 20))
def test_area_means_are_those_of_opencv(height, width, rows, columns):
    pixels = np.random.default_rng(height * width).integers(0, 256, (height, width), dtype=np.uint8)
    # each pixel becomes rows x columns equal ones, so that areas end between pixels
    fine = pixels.repeat(rows, axis=0).repeat(columns, axis=1).astype(float)
    expected = fine.reshape(rows, height, columns, width).mean(axis=(1, 3))
    np.testing.assert_allclose(area_means(pixels, rows, columns), expected, atol=1e-9)


def test_a_grey_image_has_one_fingerprint_however_it_is_stored():
    rgb = np.dstack([noise] * 3)
    assert digest(noise) == digest(noise[..., None]) != digest(rgb)
    assert (difference_hash(noise) == difference_hash(noise[..., None])).all()
    assert (difference_hash(noise) == difference_hash(rgb)).all()
    assert difference_hash(noise).dtype == np.uint64
    assert difference_hash(noise).shape == (4,)


def test_the_bytes_are_the_same_everywhere():
    """Caches and upstream records keep them."""
    ramp = (np.add.outer(7 * np.arange(40), 11 * np.arange(50)) % 256).astype(np.uint8)
    assert digest(ramp).hex() == "d86d7629644199bd4e06e366e94dd831"
    assert (
        difference_hash(ramp).tobytes().hex()
        == "3f3f3f3f9f9f9f9fcfcfcfcfe7e7e7e7f3f3fbfbf9f9fdfdfcfc7e7e7e7e3f3f"
    )


def test_one_changed_pixel_changes_the_digest_and_not_the_hash(films):
    changed = films[0].copy()
    changed[40, 40] ^= 1
    assert digest(changed) != digest(films[0])
    assert digest(films[0].reshape(48, 192)) != digest(films[0])
    assert bits(changed, films[0]) == 0


def test_the_hash_hardly_changes_with_the_image(films):
    strangers = [bits(a, b) for a, b in zip(films[:40], films[40:80], strict=True)]
    assert np.median(strangers) > 50
    for film in films[:40]:
        _, coded = cv2.imencode(".jpg", film, [cv2.IMWRITE_JPEG_QUALITY, 50])
        assert bits(film, cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)) <= 16
        assert bits(film, cv2.resize(film, (61, 67), interpolation=cv2.INTER_AREA)) <= 16
        assert bits(film, cv2.add(film, 20)) <= 16


def test_close_pairs_are_those_of_comparing_each_with_each():
    rng = np.random.default_rng(1)
    common = rng.integers(0, 2**63, 4, dtype=np.uint64)
    flips = [np.packbits(rng.random((n, 256)) < 0.06, axis=1).view(np.uint64) for n in (70, 5000)]
    left, right = (common ^ flip for flip in flips)
    far = (np.bitwise_count(left[:, None] ^ right).sum(axis=2)) <= 24
    pairs = [np.concatenate(p) for p in zip(*close_pairs(left, right, 24), strict=True)]
    assert set(zip(*pairs, strict=True)) == set(zip(*np.nonzero(far), strict=True))
    own = np.triu(np.bitwise_count(right[:90, None] ^ right[:90]).sum(axis=2) <= 24, 1)
    pairs = [np.concatenate(p) for p in zip(*close_pairs(right[:90], None, 24), strict=True)]
    assert set(zip(*pairs, strict=True)) == set(zip(*np.nonzero(own), strict=True))
    assert own.any()
    assert (distances(left, left) == 0).all()


def test_how_long_it_takes(capsys):
    """Information, with a wide bound: a cache computes both for every image."""
    started = time.perf_counter()
    for _ in range(200):
        difference_hash(noise)
    each = (time.perf_counter() - started) / 200
    with capsys.disabled():
        print(f" difference_hash: {1e6 * each:.0f} µs", end="")
    assert each == pytest.approx(0, abs=2e-3)
