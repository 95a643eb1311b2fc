"""The gate: stops a run whose test images were seen, and no other."""

import cv2
import numpy as np
import pandas as pd
import pytest
from made_films import InMemory, textures

from medsmall.audit.gate import gate
from medsmall.audit.upstream import Seen, hash_radius, upstream_overlap
from medsmall.errors import MedsmallError

N = 120


@pytest.fixture
def draw() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image": [f"{i}.png" for i in range(N)],
            "patient": [f"p{i}" for i in range(N)],
            "part": ["train"] * 80 + ["val"] * 10 + ["test"] * 30,
        }
    )


def with_copy(films: np.ndarray, original: int, copy: int, brighter: int = 0) -> InMemory:
    films = films.copy()
    films[copy] = cv2.add(films[original], brighter).reshape(films[copy].shape)
    return InMemory(films)


def seen(films: np.ndarray, dataset: str = "other", patients: frozenset[str] = frozenset()) -> Seen:
    prepared = InMemory(films)
    return Seen(dataset, patients, prepared.hashes, prepared.digests, prepared.images)


def test_a_clean_draw_passes_in_silence(films, draw):
    assert gate("x", draw, InMemory(films), [], []) == []
    assert gate("x", draw, InMemory(films), [seen(textures(90, 96, 7))], []) == []


@pytest.mark.parametrize("original", [3, 85])
def test_a_test_image_in_train_or_val_stops_the_run(films, draw, original):
    prepared = with_copy(films, original, 100)
    with pytest.raises(MedsmallError) as refused:
        gate("x", draw, prepared, [], [])
    sentence = str(refused.value)
    assert sentence.startswith(f"x: 1 test image(s) stand in train or val, too, such as 100.png "
                               f"and {original}.png: ")  # fmt: skip
    assert "python -m medsmall.audit dataset=x" in sentence
    assert "audit.allow=[identical_images]" in sentence
    (notice,) = gate("x", draw, prepared, [], ["identical_images"])
    assert "100.png" in notice


def test_a_near_duplicate_stops_the_run(films, draw):
    prepared = with_copy(films, 3, 100, brighter=9)
    with pytest.raises(MedsmallError, match="have near duplicates in train or val"):
        gate("x", draw, prepared, [], ["identical_images"])
    assert len(gate("x", draw, prepared, [], ["near_duplicates"])) == 1


def test_what_val_and_train_share_is_a_notice(films, draw):
    (notice,) = gate("x", draw, with_copy(films, 3, 85), [], [])
    assert "85.png and 3.png; the validation flatters" in notice


def test_only_images_of_the_draw_count_in_whatever_order(films, draw):
    prepared = with_copy(films, 3, 100)
    assert gate("x", draw.drop(3), prepared, [], []) == []
    shuffled = draw.sample(frac=1, random_state=0)
    with pytest.raises(MedsmallError, match=r"100\.png and 3\.png"):
        gate("x", pd.concat([shuffled, shuffled.iloc[:5]]), prepared, [], [])


@pytest.mark.parametrize("brighter", [0, 9])
def test_test_images_that_the_weights_have_seen(films, draw, brighter):
    upstream = textures(90, 96, 7)
    upstream[17] = cv2.add(films[100], brighter).reshape(upstream[17].shape)
    with pytest.raises(MedsmallError) as refused:
        gate("x", draw, InMemory(films), [seen(upstream)], [])
    assert "1 test image(s), or their patients, are known to the initial weights" in str(
        refused.value
    )
    assert "100.png (other: 17.png)" in str(refused.value)
    assert "audit.allow=[upstream_overlap]" in str(refused.value)
    assert len(gate("x", draw, InMemory(films), [seen(upstream)], ["upstream_overlap"])) == 1
    # seen in the target's own train part: as it should be
    upstream[17] = films[3]
    assert gate("x", draw, InMemory(films), [seen(upstream)], []) == []


def test_patients_are_known_by_name_in_the_same_data_set_only(films, draw):
    prepared = InMemory(films)
    upstream = textures(90, 96, 7)
    for dataset, patients in (("x", {"p100", "p101", "p3"}), ("other", set())):
        one = seen(upstream, dataset, frozenset({"p100", "p101", "p3"}))
        found = upstream_overlap([one], "x", draw, prepared.hashes, prepared.digests)
        assert set(found["patient_a"]) == patients
    assert (found.empty) == (patients == set())


def test_a_name_that_is_no_check(films, draw):
    with pytest.raises(MedsmallError, match="did you mean 'near_duplicates'"):
        gate("x", draw, InMemory(films), [], ["near_duplicate"])


def test_hashes_alone_take_strangers_for_the_same_as_rarely_as_said():
    left, right = (InMemory(textures(n, 64, seed)).hashes for n, seed in ((200, 8), (200, 9)))
    radius = hash_radius(left, right)
    differing = np.bitwise_count(left[:, None] ^ right).sum(axis=2)
    assert (differing <= radius).sum() == 0
    assert 0 <= radius <= 24
    assert hash_radius(left[:1], right[:1]) == 0
    assert hash_radius(left[:0], right) == -1
