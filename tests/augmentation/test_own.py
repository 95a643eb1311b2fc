"""Pipelines written in the configuration."""

import numpy as np
import pytest
from omegaconf import OmegaConf

from medsmall.augmentation.own import OwnPipeline
from medsmall.errors import MedsmallError

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 40, 1), dtype=np.uint8)


def own(*transforms, plain=(), tta_views=1):
    return OwnPipeline(40, OmegaConf.create(list(transforms)), list(plain), tta_views, False)


def test_transforms_are_made_in_their_order_with_their_arguments():
    made = own(
        {"Affine": {"rotate": [-5, 5], "p": 1.0}}, {"RandomCrop": {"height": 32, "width": 30}}
    )
    pipeline = made.training()
    assert [type(t).__name__ for t in pipeline] == ["Affine", "RandomCrop"]
    assert pipeline[0].rotate == (-5, 5)
    assert pipeline(image=IMAGE)["image"].shape == (32, 30, 1)
    assert made.tta_views == 1


def test_compositions_take_transforms_too():
    made = own({"OneOf": {"transforms": [{"HorizontalFlip": {"p": 1.0}}], "p": 1.0}})
    np.testing.assert_array_equal(made.training()(image=IMAGE)["image"], IMAGE[:, ::-1])


def test_an_empty_pipeline_changes_nothing():
    for pipeline in (own().training(), own().plain()):
        np.testing.assert_array_equal(pipeline(image=IMAGE)["image"], IMAGE)


def test_a_name_without_arguments_has_its_defaults():
    assert own({"HorizontalFlip": None}).training()[0].p == 0.5


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"HorizontalFlop": {}}, "[0]: albumentations has no 'HorizontalFlop' (did you mean 'Hor"),
        ({"cv2": {}}, "[0]: albumentations has no 'cv2'"),
        ("HorizontalFlip", "[0] must be one name with its arguments, such as {Horizon"),
        ({"HorizontalFlip": {}, "CLAHE": {}}, "[0] must be one name with its arguments"),
        ({"HorizontalFlip": 3}, "[0] must be one name with its arguments"),
        ({"HorizontalFlip": {"q": 0.5}}, "[0]: HorizontalFlip cannot be made as written"),
        ({"HorizontalFlip": {"p": 7}}, "[0]: HorizontalFlip cannot be made as written"),
        ({"OneOf": {"transforms": [{"Flop": {}}]}}, "[0].transforms[0]: albumentations has no"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_with_its_place(entry, sentence):
    with pytest.raises(MedsmallError) as error:
        own(entry)
    assert str(error.value).startswith(f"augmentation.transforms{sentence}")
    assert "\n" not in str(error.value)


def test_a_mistake_in_the_plain_view_is_told_likewise():
    with pytest.raises(MedsmallError, match=r"^augmentation\.plain\[0\]"):
        own(plain=[{"CentreCrop": {}}])
    with pytest.raises(MedsmallError, match="tta_views"):
        own(tta_views=-1)
