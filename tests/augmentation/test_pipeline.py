"""One stream of chance for all transforms of a pipeline."""

import albumentations as A
import numpy as np
import pytest

from medsmall.augmentation.paper import Paper
from medsmall.augmentation.pipeline import Pipeline

IMAGE = np.random.default_rng(0).integers(0, 256, (250, 250, 1), dtype=np.uint8)


def draws(pipeline, n):
    """Angle's sign, flip, and offset of the crop, per seed."""
    rotate, flip, crop = pipeline.transforms
    for seed in range(n):
        pipeline.set_random_seed(seed)
        pipeline(image=IMAGE)
        top, left = crop.params["crop_coords"][1], crop.params["crop_coords"][0]
        yield rotate.params["matrix"][0, 1], bool(flip.params), top, left


def test_angle_flip_and_crop_are_independent():
    """In albumentations 2.0.8 they are not: see `Pipeline`."""
    drawn = np.array(list(draws(Paper(250, 10.0, 0.5, 0.936, 0).training(), 300)), dtype=float)
    off_diagonal = np.corrcoef(drawn.T)[~np.eye(4, dtype=bool)]
    assert np.abs(off_diagonal).max() < 0.25  # 4 standard errors


def test_a_seed_reaches_transforms_inside_others():
    inner = A.OneOf([A.GaussNoise(p=1), A.Rotate(90, p=1)], p=1)
    pipeline = Pipeline([A.Sequential([inner], p=1)])
    made = []
    for seed in (5, 5, 6):
        pipeline.set_random_seed(seed)
        made.append(pipeline(image=IMAGE)["image"])
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_calls_after_a_seed_go_on_with_its_stream(seed):
    pipeline = Pipeline([A.RandomCrop(10, 10)])
    streams = []
    for _ in range(2):
        pipeline.set_random_seed(seed)
        streams.append([pipeline(image=IMAGE)["image"] for _ in range(3)])
    np.testing.assert_array_equal(*streams)
    assert not np.array_equal(streams[0][0], streams[0][1])
