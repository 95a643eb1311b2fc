"""The gate: stops a run whose test images were seen, and no other."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from made_films import InMemory, oblong, resized_to, textures

from medsmall.audit.findings import COLUMNS
from medsmall.audit.gate import gate
from medsmall.audit.provenance import Seen, marks
from medsmall.audit.seen import write_seen
from medsmall.audit.similarity import kept_thumbnail
from medsmall.audit.upstream import copy_threshold, looks, upstream_overlap
from medsmall.cache.resize import square
from medsmall.errors import MedsmallError

N = 120


@pytest.fixture
def passed(tmp_path, draw):
    """What the gate says of images in memory and what was seen of others."""

    def run(prepared, seen=(), allow=(), rows=draw):
        return gate("x", rows, prepared, seen, list(allow), "dataset=y split=z", tmp_path / "x")

    return run


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


def seen(
    films: np.ndarray, dataset: str = "other", patients: frozenset[bytes] = frozenset()
) -> Seen:
    prepared = InMemory(films)
    thumbnails = np.stack([kept_thumbnail(film) for film in films])
    return Seen(
        dataset,
        patients,
        digests=prepared.digests,
        hashes=prepared.hashes,
        images=prepared.images,
        thumbnails=thumbnails,
    )


def saved_again(film: np.ndarray, quality: int = 50) -> np.ndarray:
    _, written = cv2.imencode(".jpg", film, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(written, cv2.IMREAD_GRAYSCALE).reshape(film.shape)


def test_a_clean_draw_passes_in_silence(films, passed, tmp_path):
    assert passed(InMemory(films)) == []
    assert passed(InMemory(films), [seen(textures(90, 96, 7))]) == []
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("original", [3, 85])
def test_a_test_image_in_train_or_val_stops_the_run(films, passed, tmp_path, original):
    prepared = with_copy(films, original, 100)
    with pytest.raises(MedsmallError) as refused:
        passed(prepared)
    assert str(refused.value) == (
        f"x: 1 test image(s) are also in train or val, such as 100.png and {original}.png (all "
        f"pairs: {tmp_path / 'x' / 'gate.csv'}): leave them out with "
        "audit.drop=[identical_images,near_duplicates] (python -m medsmall.audit "
        "dataset=y split=z looks at all images), or go on with audit.allow=[identical_images]."
    )
    (notice,) = passed(prepared, allow=["identical_images"])
    assert "100.png" in notice
    assert notice.endswith(" (allowed by audit.allow).")


def test_an_unlabelled_image_is_learnt_from_too(films, draw, passed):
    rows = draw.assign(part=["train"] * 40 + ["unlabelled"] * 40 + list(draw["part"][80:]))
    with pytest.raises(MedsmallError, match="test image.* are also in train or val"):
        passed(with_copy(films, 60, 100), rows=rows)
    assert passed(InMemory(films), rows=rows) == []


def test_a_near_duplicate_stops_the_run(films, passed):
    prepared = with_copy(films, 3, 100, brighter=9)
    with pytest.raises(MedsmallError, match="have near duplicates in train or val") as refused:
        passed(prepared, allow=["identical_images"])
    assert "audit.allow=[identical_images,near_duplicates]" in str(refused.value)
    assert len(passed(prepared, allow=["near_duplicates"])) == 1


def test_all_pairs_are_written_when_the_run_stops(films, passed, tmp_path):
    films = films.copy()
    for copy, original, brighter in ((100, 3, 0), (101, 4, 0), (102, 5, 9), (85, 6, 0)):
        films[copy] = cv2.add(films[original], brighter).reshape(films[copy].shape)
    upstream = textures(90, 96, 7)
    upstream[17] = films[103]
    with pytest.raises(
        MedsmallError, match=r"2 test image\(s\) are also .*=\[identical_images,near_"
    ):
        passed(InMemory(films), [seen(upstream)])
    (file,) = (tmp_path / "x").iterdir()
    found = pd.read_csv(file)
    assert file.name == "gate.csv"
    assert list(found) == COLUMNS
    assert set(zip(found["check"], found["image_a"], found["image_b"], strict=True)) == {
        ("identical_images", "100.png", "3.png"),
        ("identical_images", "101.png", "4.png"),
        ("near_duplicates", "102.png", "5.png"),
        ("upstream_overlap", "103.png", "other: 17.png"),
        ("identical_images", "85.png", "6.png"),
    }
    assert set(found.loc[found["severity"] == "notice", "image_a"]) == {"85.png"}


def test_what_val_and_train_share_is_a_notice(films, passed):
    (notice,) = passed(with_copy(films, 3, 85))
    assert "85.png and 3.png; validation scores will be inflated" in notice


def test_only_images_of_the_draw_count_in_whatever_order(films, draw, passed):
    prepared = with_copy(films, 3, 100)
    assert passed(prepared, rows=draw.drop(3)) == []
    shuffled = draw.sample(frac=1, random_state=0)
    with pytest.raises(MedsmallError, match=r"100\.png and 3\.png"):
        passed(prepared, rows=pd.concat([shuffled, shuffled.iloc[:5]]))


def test_test_images_that_the_weights_have_seen_stop_the_run(films, passed):
    upstream = textures(90, 96, 7)
    upstream[17] = films[100]
    with pytest.raises(MedsmallError) as refused:
        passed(InMemory(films), [seen(upstream)])
    assert str(refused.value).startswith(
        "x: the initial weights have seen 1 test image(s) or their patients, such as 100.png "
        "(other: 17.png) (all pairs: "
    )
    assert "audit.allow=[upstream_overlap]" in str(refused.value)
    assert len(passed(InMemory(films), [seen(upstream)], ["upstream_overlap"])) == 1
    # seen in the target's own train part: as it should be
    upstream[17] = films[3]
    assert passed(InMemory(films), [seen(upstream)]) == []


@pytest.mark.parametrize(
    ("side", "change"),
    [
        (96, lambda film: film),
        (96, lambda film: cv2.add(film, 9)),
        (96, saved_again),
        (48, lambda film: cv2.resize(film, (48, 48), interpolation=cv2.INTER_AREA)),
    ],
)
def test_a_test_image_is_known_again_though_changed(films, draw, side, change):
    upstream = textures(90, side, 7)
    upstream[17] = change(films[100]).reshape(upstream[17].shape)
    found = upstream_overlap([seen(upstream)], "x", draw[90:], InMemory(films))
    assert list(zip(found["image_a"], found["image_b"], strict=True)) == [
        ("100.png", "other: 17.png")
    ]


def test_patients_are_known_by_name_in_the_same_data_set_only(films, draw):
    prepared = InMemory(films)
    for dataset, patients in (("x", {"p100", "p101", "p3"}), ("other", set())):
        for one in (
            seen(textures(90, 96, 7), dataset, marks(dataset, ["p100", "p101", "p3"])),
            Seen(dataset, marks(dataset, ["p100", "p101", "p3"])),  # the record of an older version
        ):
            found = upstream_overlap([one], "x", draw, prepared)
            assert set(found["patient_a"]) == patients
            assert len(found) == len(patients)


def test_a_name_that_is_no_check(films, passed):
    with pytest.raises(MedsmallError, match="did you mean 'near_duplicates'"):
        passed(InMemory(films), allow=["near_duplicate"])


def kept(prepared: InMemory, path: Path) -> Seen:
    """What the record of a run on all these images would tell."""
    rows = pd.DataFrame({"image": prepared.images, "patient": prepared.images, "part": "train"})
    write_seen(path, rows, prepared)
    with np.load(path) as arrays:
        known = {name: arrays[name] for name in arrays if name in Seen.__dataclass_fields__}
        return Seen("other", frozenset(), **{**known, "images": known["images"].tolist()})


@pytest.mark.parametrize("resize", ["squash", "pad", "crop"])
@pytest.mark.parametrize("seen_is_square", [True, False])
def test_a_square_release_of_the_same_images_is_known_again(
    films, draw, tmp_path, resize, seen_is_square
):
    """Their centres at another size: whichever of the two the weights have seen."""
    n = N // 2
    whole, cut = oblong(films[:n], 5), list(textures(n, 96, 7)[..., 0])
    some = range(0, n, 3)
    for i in some:
        cut[i] = square(whole[i], 96, "crop")[..., 0]
    whole, cut = resized_to(whole, 128, resize), resized_to(cut, 64, "squash")
    target, before = (whole, cut) if seen_is_square else (cut, whole)
    one = kept(before, tmp_path / "seen.npz")
    assert bool(len(one.centre_hashes)) == (not seen_is_square and resize != "crop")
    found = upstream_overlap([one], "x", draw[:n], target)
    assert set(found["image_a"]) == {f"{i}.png" for i in some}
    assert (found["image_b"] == "other: " + found["image_a"]).all()


def threshold(films: np.ndarray, upstream: np.ndarray) -> float:
    rows = np.arange(len(films))
    look, _ = looks(InMemory(films), rows)
    other = seen(upstream)
    return copy_threshold(look, rows, other.hashes, other.thumbnails)


@pytest.mark.parametrize("copied", [60, 120])
def test_copies_among_the_pairs_do_not_raise_the_threshold(films, copied):
    strangers = textures(120, 96, 7)
    some = np.concatenate([films[:copied], strangers[copied:]])
    assert threshold(films, some) == pytest.approx(threshold(films, strangers), abs=0.02)


@pytest.mark.parametrize("few", [1, 9])
def test_with_few_pairs_the_threshold_is_fixed(films, few):
    assert threshold(films[:few], films[:10]) == 0.9
