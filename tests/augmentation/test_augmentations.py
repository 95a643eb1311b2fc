"""Sizes, chances and bounds of the augmentations, seen on the pixels."""

import numpy as np
import pytest

from medsmall.augmentation.none import NoAugmentation
from medsmall.augmentation.own import OwnPipeline
from medsmall.augmentation.paper import Paper
from medsmall.augmentation.policy import Policy
from medsmall.errors import MedsmallError


def paper(side=250, rotation_deg=0.0, flip=0.0, crop=0.936, tta_views=4, **others):
    return Paper(side, rotation_deg, flip, crop, tta_views, **others)


def views(augmentation, image, n):
    """`n` augmented views, each with a seed of its own."""
    pipeline = augmentation.training()
    for seed in range(n):
        pipeline.set_random_seed(seed)
        yield pipeline(image=image)["image"]


def noise(side, channels):
    return np.random.default_rng(0).integers(0, 256, (side, side, channels), dtype=np.uint8)


def coordinates(side):
    """Channels hold row and column of each pixel (up to 255)."""
    row, column = np.mgrid[:side, :side]
    return np.stack([row, column, row * 0], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("side", "cut"), [(250, 234), (64, 60), (48, 45), (224, 210), (1, 1)])
def test_paper_gives_one_size_in_training_and_plainly(side, cut, channels):
    augmentation = paper(side, rotation_deg=10.0, flip=0.5)
    image = noise(side, channels)
    for out in (*views(augmentation, image, 3), augmentation.plain()(image=image)["image"]):
        assert out.shape == (cut, cut, channels)
        assert out.dtype == np.uint8


def test_the_plain_view_is_the_centre_crop_every_time():
    image = noise(250, 3)
    pipeline = paper(rotation_deg=10.0, flip=0.5).plain()
    for seed in range(5):
        pipeline.set_random_seed(seed)
        np.testing.assert_array_equal(pipeline(image=image)["image"], image[8:242, 8:242])


def test_crops_reach_every_offset_down_and_across():
    tops, lefts = np.array([v[0, 0, :2] for v in views(paper(), coordinates(250), 400)]).T
    for offsets in (tops, lefts):
        assert set(offsets) == set(range(17))  # 250 - 234 = 16 in either direction
        assert abs(offsets.mean() - 8) < 1
    assert abs(np.corrcoef(tops, lefts)[0, 1]) < 0.2


def test_a_crop_is_a_piece_of_the_image():
    for out in views(paper(), coordinates(250), 10):
        top, left = out[0, 0, :2]
        assert np.array_equal(out, coordinates(250)[top : top + 234, left : left + 234])


@pytest.mark.parametrize("flip", [0.0, 0.25, 0.5, 1.0])
def test_flips_are_horizontal_and_as_frequent_as_asked(flip):
    image = coordinates(16)
    flipped = 0
    for out in views(paper(16, flip=flip, crop=1.0), image, 400):
        if np.array_equal(out, image[:, ::-1]):
            flipped += 1
        else:
            np.testing.assert_array_equal(out, image)
    assert abs(flipped / 400 - flip) < 4 * np.sqrt(flip * (1 - flip) / 400) + 1e-9


def test_rotations_fill_the_range_both_ways_and_stay_within_it():
    side, limit = 101, 10.0
    image = np.zeros((side, side, 1), np.uint8)
    image[50 - 1 : 50 + 2, 90 - 1 : 90 + 2] = 255  # a spot 40 px right of the centre
    angles = []
    for out in views(paper(side, rotation_deg=limit, crop=1.0), image, 300):
        rows, columns = np.nonzero(out[..., 0] > 60)
        spot = columns > 70  # not its reflection
        angles.append(np.degrees(np.arctan2(rows[spot].mean() - 50, columns[spot].mean() - 50)))
    assert np.abs(angles).max() <= limit + 0.8  # half a pixel at 40 px
    assert min(angles) < -0.8 * limit
    assert max(angles) > 0.8 * limit
    assert abs(np.mean(angles)) < 1.5


def test_without_rotation_pixels_stay_as_they_are():
    image = noise(40, 1)
    for out in views(paper(40, crop=1.0), image, 5):
        np.testing.assert_array_equal(out, image)


def test_the_border_of_a_rotation_is_reflected_not_black():
    image = np.full((64, 64, 1), 200, np.uint8)
    for out in views(paper(64, rotation_deg=45.0, crop=1.0), image, 10):
        assert out.min() >= 199


def test_channels_that_are_equal_stay_equal():
    image = np.repeat(noise(64, 1), 3, axis=2)
    for out in views(paper(64, rotation_deg=10.0, flip=0.5), image, 10):
        assert (out == out[..., :1]).all()


def test_grey_and_colour_of_the_same_seed_agree():
    grey = noise(64, 1)
    augmentation = paper(64, rotation_deg=10.0, flip=0.5)
    pairs = zip(
        views(augmentation, grey, 10),
        views(augmentation, np.repeat(grey, 3, axis=2), 10),
        strict=True,
    )
    for one, three in pairs:
        np.testing.assert_array_equal(one, three[..., :1])


def test_the_same_seed_gives_the_same_view_and_another_seed_another():
    image = noise(64, 1)
    augmentation = paper(64, rotation_deg=10.0, flip=0.5)
    first, again = (list(views(augmentation, image, 5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len({out.tobytes() for out in first}) == 5


def test_the_image_given_is_left_as_it_was():
    image = noise(64, 1)
    before = image.copy()
    list(views(paper(64, rotation_deg=10.0, flip=1.0), image, 3))
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    "wrong",
    [
        {"crop": 0.0}, {"crop": 1.1}, {"crop": float("nan")}, {"flip": -0.1}, {"flip": 1.5},
        {"rotation_deg": -1.0}, {"tta_views": -1},
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(MedsmallError, match="augmentation: crop must lie in"):
        paper(**wrong)


@pytest.mark.parametrize(
    "made",
    [
        paper,
        lambda **seed: Policy(64, "mine", "skin", **seed),
        lambda **seed: OwnPipeline(64, [], [], 0, False, **seed),
    ],
)
def test_the_seed_is_kept_and_not_negative(made):
    assert made().seed == 42
    assert made(seed=7).seed == 7
    with pytest.raises(
        MedsmallError, match=r"^augmentation\.seed=-1 is negative: choose 0 or more"
    ):
        made(seed=-1)


@pytest.mark.parametrize("channels", [1, 3])
def test_no_augmentation_changes_nothing_and_has_one_view(channels):
    augmentation = NoAugmentation()
    image = noise(20, channels)
    assert augmentation.tta_views == augmentation.seed == 0
    for pipeline in (augmentation.training(), augmentation.plain()):
        np.testing.assert_array_equal(pipeline(image=image)["image"], image)
