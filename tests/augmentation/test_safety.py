"""What is unsafe is warned of, with the remedy; what fits is not."""

import copy
import functools

import albumentations as A
import numpy as np
import pytest
from shipped import MODALITIES, policy

from medsmall.augmentation import safety
from medsmall.augmentation.effect import Effect, effects
from medsmall.augmentation.none import NoAugmentation
from medsmall.augmentation.own import OwnPipeline
from medsmall.augmentation.paper import Paper
from medsmall.augmentation.pipeline import Pipeline
from medsmall.augmentation.policy import Policy
from medsmall.augmentation.safety import RULES, WORDS, check
from medsmall.dataset import MODALITIES as ALL
from medsmall.errors import MedsmallError

SIDE = 64
TOO_MUCH = {  # an effect -> transforms that have it
    "mirror": {"HorizontalFlip": {"p": 0.01}},
    "rotation_deg": {"Rotate": {"limit": [-170, 170]}},
    "deformation": {"GridDistortion": {"distort_limit": [-0.5, 0.5]}},
    "lost": {"RandomResizedCrop": {"size": [SIDE, SIDE], "scale": [0.05, 0.2]}},
    "grey": {"RandomBrightnessContrast": {"brightness_limit": [-0.6, 0.6]}},
    "local": {"CLAHE": {"clip_limit": [8, 12]}},
    "noise": {"GaussNoise": {"std_range": [0.2, 0.3]}},
    "colour": {"HueSaturationValue": {"hue_shift_limit": [-90, 90]}},
}
CASES = [(modality, rule.effect) for modality, rules in RULES.items() for rule in rules]


def own(*transforms):
    return OwnPipeline(SIDE, list(transforms), [], 0, strict=False)


@functools.cache
def measured_once(pipeline, side):
    return list(effects(pipeline, side))


@pytest.fixture
def quick(monkeypatch):
    """A pipeline of `kept` that was measured is not measured again: it takes 0.1 s."""
    monkeypatch.setattr(safety, "effects", measured_once)


def kept(augmentation):
    """The same, which gives one pipeline however often it is asked, also to its copies."""
    pipeline = augmentation.training()
    augmentation.training = lambda: pipeline
    return augmentation


def made_strict(augmentation):
    strict = copy.copy(augmentation)
    strict.strict = True
    return strict


def measured(transform, side=SIDE):
    ((_, effect),) = effects(Pipeline([transform]), side)
    return effect


@pytest.fixture(scope="module")
def shipped():
    return {name: kept(policy(name, 28)) for name in MODALITIES}


@pytest.fixture(scope="module")
def excessive():
    """A pipeline of one's own for each effect."""
    return {effect: kept(own(transform)) for effect, transform in TOO_MUCH.items()}


@pytest.mark.parametrize("side", [28, 100])
@pytest.mark.parametrize(("name", "modality"), MODALITIES.items())
def test_policies_are_silent_on_what_they_are_meant_for(name, modality, side):
    assert check(policy(name, side, strict=True), modality) == []


@pytest.mark.parametrize("modality", [*MODALITIES.values(), "ultrasound"])
@pytest.mark.parametrize("name", ["chest_safe", "skin"])
def test_policies_are_told_off_on_anything_else(quick, shipped, name, modality):
    if MODALITIES[name] != modality:
        first, *_ = check(shipped[name], modality)
        assert first.startswith(f"augmentation={name} is meant for {MODALITIES[name]} images")
        right = [option for option, meant in MODALITIES.items() if meant == modality]
        remedy = f"choose augmentation={right[0]}." if right else "choose augmentation=own or none."
        assert first.endswith(remedy)


def test_images_of_unknown_kind_are_to_be_named():
    (sentence,) = check(policy("skin", 28), "other")
    assert sentence.endswith("set dataset.modality.")
    assert check(Paper(28, 10.0, 0.5, 0.9, 1), "other") == []


def test_the_papers_flip_of_chest_films_is_told_with_both_remedies():
    (sentence,) = check(Paper(250, 10.0, 0.5, 0.936, 4), "chest x-ray")
    assert "situs inversus" in sentence
    assert sentence.endswith("set augmentation.flip=0 or choose augmentation=chest_safe.")
    assert check(Paper(250, 10.0, 0.0, 0.936, 4), "chest x-ray") == []
    assert check(Paper(250, 10.0, 0.5, 0.936, 4), "bone x-ray") == []


@pytest.mark.parametrize("modality", ALL)
def test_no_augmentation_is_safe_for_all(modality):
    assert check(NoAugmentation(strict=True), modality) == []


@pytest.mark.parametrize(("modality", "effect"), CASES)
def test_every_rule_is_kept_for_a_pipeline_of_ones_own(quick, excessive, modality, effect):
    (rule,) = [rule for rule in RULES[modality] if rule.effect == effect]
    ((name, _),) = TOO_MUCH[effect].items()
    told = check(excessive[effect], modality)
    assert len(told) == 1  # one remedy, one sentence
    ((_, done),) = measured_once(excessive[effect].training(), SIDE)
    if rule == next(r for r in RULES[modality] if getattr(done, r.effect) > r.most):
        assert rule.reason in told[0]
        assert f"leave {name} out or make it weaker" in told[0]
    with pytest.raises(MedsmallError, match=r"^augmentation\.strict=true refuses: .*\.$"):
        check(made_strict(excessive[effect]), modality)


@pytest.mark.parametrize(
    ("name", "change", "modality", "remedy"),
    [
        ("chest_safe", {"flip": 0.5}, "chest x-ray", "set augmentation.flip=0."),
        ("chest_safe", {"vertical_flip": 0.1}, "chest x-ray", "set augmentation.vertical_flip=0."),
        ("chest_safe", {"rotation_deg": 40.0}, "chest x-ray", "lower augmentation.rotation_deg."),
        ("bone_safe", {"quarter_turns": 1.0}, "bone x-ray", "set augmentation.quarter_turns=0."),
        ("retina", {"elastic": 0.04, "elastic_p": 0.5}, "retina", "lower augmentation.elastic."),
        ("mammography", {"clahe": 6.0, "clahe_p": 0.1}, "mammography",
         "lower augmentation.clahe_p."),
        ("mammography", {"noise": 0.2}, "mammography", "lower augmentation.noise."),
        ("skin", {"hue": 0.3}, "skin", "lower augmentation.hue."),
        ("cells", {"brightness": 0.9}, "cells", "lower augmentation.brightness."),
        ("brain_mri", {"translate": 0.5}, "brain mri", "lower augmentation.translate."),
        ("chest_safe", {"crop_pad": 0.4}, "chest x-ray", "lower augmentation.crop_pad."),
    ],
)  # fmt: skip
def test_a_policy_made_unsafe_is_told_which_key_to_mend(quick, name, change, modality, remedy):
    unsafe = kept(policy(name, SIDE, **change))
    told = check(unsafe, modality)
    assert any(sentence.endswith(remedy) for sentence in told), told
    with pytest.raises(MedsmallError, match="strict=true refuses"):
        check(made_strict(unsafe), modality)


def test_a_crop_of_the_papers_is_to_be_raised():
    (sentence,) = check(Paper(100, 0.0, 0.0, 0.5, 0), "chest x-ray")
    assert "raise augmentation.crop or choose augmentation=chest_safe." in sentence


def test_strict_names_the_first_and_counts_the_rest():
    unsafe = policy("chest_safe", SIDE, strict=True, flip=0.5, vertical_flip=0.5)
    with pytest.raises(MedsmallError, match=r"mirrors the image.* \(1 more with strict=false\)\.$"):
        check(unsafe, "chest x-ray")


def test_transforms_inside_others_are_judged_and_those_that_never_happen_are_not():
    inside = {"OneOf": {"transforms": [{"HorizontalFlip": {"p": 0.01}}, {"CLAHE": {}}]}}
    assert any("HorizontalFlip" in s for s in check(own(inside), "chest x-ray"))
    assert check(own({"HorizontalFlip": {"p": 0.0}}), "chest x-ray") == []


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"Normalize": {}}, r"Normalize changes the dtype \(uint8\)"),
        ({"RandomCrop": {"height": 100, "width": 100}}, "RandomCrop cannot take images of 64 x 64"),
    ],
)
def test_what_does_not_take_or_give_images_is_told(entry, sentence):
    with pytest.raises(MedsmallError, match=sentence) as error:
        check(own(entry), "skin")
    assert "\n" not in str(error.value)


def test_transforms_after_a_crop_are_tried_on_what_it_leaves():
    cropped = own(
        {"RandomCrop": {"height": 40, "width": 40}}, {"CenterCrop": {"height": 40, "width": 40}}
    )
    first, second = effects(cropped.training(), SIDE)
    assert first[1].lost > 0.4
    assert second[1].lost == 0


def test_checking_leaves_the_pipeline_as_it_was():
    augmentation = Policy(SIDE, "mine", "skin", rotation_deg=10.0)
    pipeline = augmentation.training()
    image = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 1), dtype=np.uint8)
    pipeline.set_random_seed(1)
    expected = pipeline(image=image)["image"]
    pipeline.set_random_seed(1)
    list(effects(pipeline, SIDE))
    np.testing.assert_array_equal(pipeline(image=image)["image"], expected)


def test_the_same_is_said_every_time():
    assert check(policy("skin", SIDE), "ct") == check(policy("skin", SIDE), "ct")


@pytest.mark.parametrize(
    ("transform", "effect", "low", "high"),
    [
        (A.HorizontalFlip(), "mirror", 1, 1),
        (A.HorizontalFlip(), "rotation_deg", 0, 0.5),
        (A.VerticalFlip(), "rotation_deg", 179.9, 180),
        (A.Transpose(), "mirror", 1, 1),
        (A.D4(), "rotation_deg", 179.9, 180),
        (A.RandomRotate90(), "mirror", 0, 0),
        (A.Rotate((20, 20)), "rotation_deg", 19, 21),
        (A.Affine(rotate=(20, 20)), "deformation", 0, 0.003),
        (A.CenterCrop(48, 48), "lost", 0.4, 0.5),
        (A.InvertImg(), "grey", 0.25, 0.5),
        (A.GaussNoise((0.1, 0.1)), "noise", 0.05, 0.12),
        (A.CoarseDropout(), "local", 0.03, 0.3),
        (A.ChannelShuffle(), "colour", 0.1, 0.4),
        (A.NoOp(), "grey", 0, 1e-3),
    ],
)
def test_effects_are_measured_for_what_they_are(transform, effect, low, high):
    assert low <= getattr(measured(transform), effect) <= high


@pytest.mark.parametrize("side", [28, 100, 300])
def test_effects_hardly_depend_on_the_size_of_the_images(side):
    effect = measured(A.Affine(rotate=(-15, 15), translate_percent=(-0.05, 0.05), p=1), side)
    assert effect.rotation_deg == pytest.approx(14.7, abs=1.0)
    assert effect.mirror == 0
    assert effect.deformation < 0.006
    assert effect.grey < 0.03
    assert effect.colour < 0.03


def test_rules_speak_of_what_is_measured_and_of_modalities_that_exist():
    assert set(RULES) == set(ALL) - {"other"}
    for rules in RULES.values():
        assert {rule.effect for rule in rules} <= set(vars(Effect()))
        assert len({rule.effect for rule in rules}) == len(rules)
    assert set(WORDS) == set(vars(Effect())) == set(TOO_MUCH)
