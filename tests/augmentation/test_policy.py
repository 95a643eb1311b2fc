"""Policies: shapes, chance and bounds, seen on the pixels; and what their YAML files say."""

import inspect
import re

import cv2
import numpy as np
import pytest
from shipped import MODALITIES, policy, written

from medsmall.augmentation.policy import BOUNDS, Policy
from medsmall.configs import config_dir
from medsmall.errors import MedsmallError

NAMES = list(MODALITIES)


def only(side=64, **strengths):
    return Policy(side, "mine", "chest x-ray", **strengths)


def views(augmentation, image, n):
    pipeline = augmentation.training()
    for seed in range(n):
        pipeline.set_random_seed(seed)
        yield pipeline(image=image)["image"]


def cloud(side, channels, low=60, high=190):
    """A smooth image without symmetry, with grey levels well inside the range."""
    points = np.random.default_rng(1).integers(low, high, (6, 6, channels)).astype(np.float32)
    image = cv2.resize(points, (side, side), interpolation=cv2.INTER_LINEAR)
    return image.reshape(side, side, channels).astype(np.uint8)


def correlation(one, other):
    return np.corrcoef(one.ravel().astype(float), other.ravel().astype(float))[0, 1]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [28, 61, 250])
@pytest.mark.parametrize("name", NAMES)
def test_a_view_has_the_shape_and_type_of_the_image(name, side, channels):
    image = cloud(side, channels)
    before = image.copy()
    augmentation = policy(name, side, elastic_p=1.0, noise_p=1.0, clahe_p=1.0, elastic=0.02)
    for out in (*views(augmentation, image, 3), augmentation.plain()(image=image)["image"]):
        assert out.shape == (side, side, channels)
        assert out.dtype == np.uint8
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_decides_the_view(name):
    image = cloud(64, 3)
    first, again = (list(views(policy(name, 64), image, 6)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len({out.tobytes() for out in first}) == 6


@pytest.mark.parametrize("name", NAMES)
def test_views_keep_the_look_of_the_image(name):
    """No black wedges in a bright image (unless wanted), no drowning in noise, no saturation."""
    image = cloud(120, 1, 110, 180)
    if written(name)["border"] == "black":  # a disc with air around it
        row, column = np.mgrid[:120, :120] - 59.5
        image[np.hypot(row, column) > 45] = 0
    for out in views(policy(name, 120), image, 40):
        assert np.mean(out == 255) < 0.02
        if written(name)["border"] != "black":
            assert out.min() > 40
        grey = out[45:75, 45:75, 0].astype(float)
        assert abs(grey.mean() / image[45:75, 45:75].mean() - 1) < 0.35
        assert (grey - cv2.GaussianBlur(grey, (0, 0), 2)).std() < 7


@pytest.mark.parametrize("channels", [1, 3])
def test_at_strength_zero_nothing_changes(channels):
    image = cloud(50, channels)
    augmentation = only(50)
    assert len(augmentation.training()) == 0
    for out in views(augmentation, image, 3):
        np.testing.assert_array_equal(out, image)
    # a probability without a strength, and a strength without a probability
    assert len(only(50, noise_p=1.0, elastic_p=1.0).training()) == 0
    assert len(only(50, noise=0.1, elastic=0.1 / 5, clahe=4.0).training()) == 0


@pytest.mark.parametrize("name", NAMES)
def test_grey_stays_grey_in_three_channels(name):
    image = np.repeat(cloud(64, 1), 3, axis=2)
    for out in views(policy(name, 64, noise_p=1.0), image, 10):
        assert np.ptp(out.astype(int), axis=2).max() <= 3  # see clahe_p


@pytest.mark.parametrize(
    ("name", "mirrored"),
    [("chest_safe", False), ("bone_safe", True), ("mammography", True), ("retina", True)],
)
def test_mirrored_views_are_those_of_policies_that_allow_it(name, mirrored):
    image = cloud(96, 1)
    made = [
        correlation(out, image[:, ::-1]) > correlation(out, image)
        for out in views(policy(name, 96), image, 40)
    ]
    assert any(made) == mirrored
    assert not all(made)


@pytest.mark.parametrize("name", ["chest_safe", "bone_safe", "mammography", "brain_mri", "retina"])
def test_what_is_upright_stays_upright(name):
    down = np.repeat(np.linspace(60, 190, 96)[:, None, None], 96, axis=1).astype(np.uint8)
    for out in views(policy(name, 96), down, 40):
        assert correlation(out[20:-20, 20:-20], down[20:-20, 20:-20]) > 0.85
        assert out[50:70, 30:66].mean() > out[26:46, 30:66].mean() + 15


def test_rotation_fills_its_range_and_stays_within():
    image = np.zeros((101, 101, 1), np.uint8)
    image[49:52, 84:87] = 255  # 35 px right of the centre
    angles = []
    for out in views(only(101, rotation_deg=12.0, border="black"), image, 200):
        rows, columns = np.nonzero(out[..., 0] > 60)
        angles.append(np.degrees(np.arctan2(rows.mean() - 50, columns.mean() - 50)))
    assert np.abs(angles).max() <= 12.8
    assert min(angles) < -10
    assert max(angles) > 10


def test_shift_and_size_stay_within_their_ranges():
    image = np.zeros((100, 100, 1), np.uint8)
    image[30:70, 30:70] = 255
    sides, shifts = [], []
    for out in views(only(100, translate=0.1, scale=0.2, border="black"), image, 200):
        rows, columns = np.nonzero(out[..., 0] > 127)
        sides.append((len(rows)) ** 0.5 / 40)
        shifts += [rows.mean() - 49.5, columns.mean() - 49.5]
    assert 0.77 < min(sides) < 0.85
    assert 1.15 < max(sides) < 1.23
    assert 8 < np.abs(shifts).max() <= 10.6
    assert abs(np.mean(shifts)) < 1.2


@pytest.mark.parametrize("channels", [1, 3])
def test_brightness_is_a_factor_within_its_range(channels):
    image = cloud(40, channels, 60, 150)
    made = list(views(only(40, brightness=0.2), image, 150))
    factors = [out.mean() / image.mean() for out in made]
    assert 0.79 <= min(factors) < 0.85
    assert 1.15 < max(factors) <= 1.21
    black = np.zeros((40, 40, channels), np.uint8)
    assert not any(out.any() for out in views(only(40, brightness=0.2), black, 5))


def test_contrast_keeps_the_mean():
    image = cloud(40, 1)
    made = list(views(only(40, contrast=0.3), image, 150))
    assert all(abs(out.mean() - image.mean()) < 1.5 for out in made)
    spread = [out.std() / image.std() for out in made]
    assert 0.68 <= min(spread) < 0.8
    assert 1.2 < max(spread) <= 1.32


def test_noise_has_no_more_than_its_strength_and_no_bias():
    image = np.full((100, 100, 1), 128, np.uint8)
    made = list(views(only(100, noise=0.04, noise_p=1.0), image, 60))
    spread = [out.std() / 255 for out in made]
    assert 0.034 < max(spread) < 0.042
    assert min(spread) < 0.01
    assert abs(np.mean(made) - 128) < 0.3


@pytest.mark.parametrize(("key", "name"), [("noise_p", "noise"), ("elastic_p", "elastic")])
def test_probabilities_are_kept(key, name):
    image = cloud(48, 1)
    strength = {"noise": 0.5, "elastic": 0.05}[name]
    made = views(only(48, **{name: strength, key: 0.25}), image, 300)
    changed = np.mean([not np.array_equal(out, image) for out in made])
    assert abs(changed - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 300)


def test_an_elastic_deformation_moves_no_more_than_a_few_times_its_strength_and_folds_nothing():
    side = 128
    positions = np.stack(np.mgrid[:side, :side][::-1], -1).astype(np.float32)
    pipeline = only(side, elastic=0.02, elastic_p=1.0).training()
    for seed in range(20):
        pipeline.set_random_seed(seed)
        pipeline(image=cloud(side, 1))
        field = np.stack([pipeline[0].params["columns"], pipeline[0].params["rows"]], -1)
        assert np.abs(field - positions).max() < 4.5 * 0.02 * side
        assert (np.diff(field[..., 0], axis=1) > 0).all()
        assert (np.diff(field[..., 1], axis=0) > 0).all()


def test_colour_moves_only_where_there_is_colour():
    grey, colour = cloud(40, 1), cloud(40, 3)
    augmentation = only(40, hue=0.1, saturation=0.5)
    assert all(np.array_equal(out, grey) for out in views(augmentation, grey, 10))
    assert not all(np.array_equal(out, colour) for out in views(augmentation, colour, 10))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("channels", [1, 3])
def test_clahe_takes_the_smallest_images(channels):
    for side in (2, 28, 55, 300):
        for out in views(only(side, clahe=4.0, clahe_p=1.0), cloud(side, channels), 2):
            assert out.shape == (side, side, channels)


def test_clahe_raises_contrast_in_places():
    image = cloud(200, 1, 100, 140)
    for out in views(only(200, clahe=4.0, clahe_p=1.0), image, 3):
        assert out.std() > image.std()


@pytest.mark.parametrize("key", BOUNDS)
def test_a_strength_out_of_bounds_is_told_in_a_sentence(key):
    least, most = BOUNDS[key]
    for value in (least - 1, most + 1, float("nan")):
        arguments = {"image_size_px": 64, "name": "mine", "modality": "skin", key: value}
        with pytest.raises(MedsmallError, match=rf"^augmentation\.{key} must lie in \[.*\.$"):
            Policy(**arguments)


def test_an_unknown_border_is_told_in_a_sentence():
    with pytest.raises(MedsmallError, match="border must be one of reflect, edge, black, but is"):
        only(border="wrap")


@pytest.mark.parametrize("name", NAMES)
def test_the_yaml_has_every_argument_with_its_reason(name):
    assert set(written(name)) - {"_target_"} == set(inspect.signature(Policy).parameters)
    assert written(name)["name"] == name
    assert written(name)["modality"] == MODALITIES[name]
    assert written(name)["strict"] is False
    reasons = policy(name, 64).reasons
    assert set(reasons) == set(inspect.signature(Policy).parameters)
    assert all(len(reason) > 10 for reason in reasons.values())
    for key, reason in reasons.items():  # what is never done says so
        if key in ("flip", "vertical_flip", "quarter_turns", "elastic") and not written(name)[key]:
            assert reason.startswith("never: ")
    text = (config_dir() / "augmentation" / f"{name}.yaml").read_text("utf-8")
    assert re.match(r"# \S.{20,}", text)


def test_a_policy_of_ones_own_has_no_reasons():
    assert only().reasons == {}
