import albumentations as A
import numpy as np
import pytest

from medsmall.explore import extremes

IMAGE = np.random.default_rng(0).integers(0, 256, (32, 32, 1), dtype=np.uint8)


def at(transform, image=IMAGE):
    return {view.setting: view.pixels for view in extremes.at_extremes(transform, image)}


def test_each_range_is_shown_at_both_ends():
    shift = A.RandomBrightnessContrast(brightness_limit=(-0.2, 0.3), contrast_limit=(0, 0), p=0.1)
    shown = at(shift)
    assert list(shown) == ["brightness limit -0.2", "brightness limit 0.3"]
    low, high = (pixels.mean() for pixels in shown.values())
    assert low < IMAGE.mean() < high


def test_other_ranges_lie_in_the_middle_meanwhile():
    both = A.Affine(rotate=(-30, 30), translate_percent=(-0.2, 0.2), scale=(0.5, 1.5), p=0.5)
    only = A.Affine(rotate=(-30, -30), p=1)
    found, expected = at(both)["rotate -30"], only(image=IMAGE)["image"]
    assert np.abs(found.astype(int) - expected).mean() < 1


def test_axes_of_a_range_that_differ_are_named():
    moved = A.Affine(translate_percent={"x": (-0.1, 0.1), "y": (-0.2, 0.2)}, p=1)
    assert "translate percent x -0.1, y -0.2" in at(moved)


def test_a_crop_is_shown_in_its_corners():
    shown = at(A.RandomCrop(20, 20))
    assert np.array_equal(shown["one end"], IMAGE[:20, :20])
    assert np.array_equal(shown["other end"], IMAGE[-20:, -20:])


def test_what_has_no_range_is_shown_once_and_surely():
    shown = at(A.HorizontalFlip(p=0.01))
    assert list(shown) == ["applied"]
    assert np.array_equal(shown["applied"], IMAGE[:, ::-1])


def test_the_transform_itself_is_left_as_it_was():
    rotate = A.Rotate(limit=10, p=0.3)
    at(rotate)
    assert rotate.p == 0.3
    assert rotate.limit == (-10, 10)


@pytest.mark.parametrize(
    "transform",
    [
        A.ElasticTransform(), A.GaussNoise(), A.CLAHE(), A.CropAndPad(percent=(-0.1, 0.1)),
        A.RandomGamma(), A.GaussianBlur(), A.GridDistortion(), A.CoarseDropout(), A.D4(), A.Pad(4),
        A.RandomResizedCrop((24, 24)), A.MotionBlur(), A.Downscale(), A.PixelDropout(),
        A.RandomGridShuffle(), A.Perspective(), A.OpticalDistortion(), A.Sharpen(),
    ],
    ids=lambda transform: type(transform).__name__,
)  # fmt: skip
def test_transforms_of_all_kinds_can_be_shown(transform):
    shown = at(transform)
    assert shown
    assert all(pixels.dtype == np.uint8 for pixels in shown.values())


def test_steady_dice_end():
    dice = extremes.FixedLevelRandom(0.7)
    assert dice.uniform(10, 20) == pytest.approx(17)
    assert dice.randint(0, 9) == 7
    assert len(set(dice.sample(range(1000), 50))) == 50  # rolls again until all differ


def test_transforms_inside_others_are_found_with_how_often_they_apply():
    pipeline = A.Compose(
        [
            A.OneOf([A.HorizontalFlip(p=1), A.VerticalFlip(p=3 / 3)], p=0.5),
            A.Sequential([A.Rotate(p=0.2)], p=0.5),
            A.CLAHE(p=0.3),
            A.ColorJitter(p=1),
        ]
    )
    found = {type(t).__name__: share for t, share in extremes.transforms(pipeline)}
    assert found == pytest.approx(
        {
            "HorizontalFlip": 0.25,
            "VerticalFlip": 0.25,
            "Rotate": 0.1,
            "CLAHE": 0.3,
            "ColorJitter": 1,
        }
    )


def test_views_are_seeded():
    pipeline = A.Compose([A.RandomBrightnessContrast(p=1)])
    made = extremes.views(pipeline, IMAGE, range(10))
    again = extremes.views(pipeline, IMAGE, range(10))
    assert all(np.array_equal(a, b) for a, b in zip(made, again, strict=True))


def test_the_farthest_views_differ_from_each_other():
    made = [np.full((32, 32, 1), level, np.uint8) for level in (130, 250, 245, 250, 20, 180)]
    assert extremes.farthest(np.full((32, 32, 1), 128, np.uint8), made, 3) == [1, 4, 5]
    assert extremes.farthest(IMAGE, [], 3) == []
