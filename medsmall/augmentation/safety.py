"""Which augmentations are unsafe for which images, and why.

The pipeline itself is judged, transform by transform, by its `effect` on a test picture. So
pipelines of the user's own are covered as well as those in conf/augmentation.
"""

from typing import NamedTuple

from medsmall.augmentation import Augmentation
from medsmall.augmentation.effect import effects
from medsmall.augmentation.reasons import shipped_for
from medsmall.errors import MedsmallError


class Rule(NamedTuple):
    """An effect (field of `Effect`) may not exceed `most` for a `reason`."""

    effect: str
    most: float
    reason: str


UPRIGHT = "such images are taken and shown upright"
MOST_GREY = "so strong a change exceeds any exposure difference and alters what grey levels mean"
RULES: dict[str, tuple[Rule, ...]] = {
    "chest x-ray": (
        Rule("mirror", 0, "it puts the heart on the other side, as in situs inversus"),
        Rule(
            "rotation_deg", 15, "frontal films are taken upright: air rises and fluid sinks",
        ),
        Rule("deformation", 0.01, "cardiomegaly and hernias are read from the outlines"),
        Rule("lost", 0.3, "a hernia, an effusion or a pneumothorax may lie in what is cut away"),
        Rule("grey", 0.2, MOST_GREY),
    ),
    "bone x-ray": (
        Rule("rotation_deg", 45, "limbs are shown with one end up by convention"),
        Rule("deformation", 0.01, "a bent cortex is a fracture, and bone age is read from shapes"),
        Rule("lost", 0.4, "the fracture may lie in what is cut away"),
        Rule("grey", 0.2, MOST_GREY),
    ),
    "mammography": (
        Rule("rotation_deg", 20, "views are hung upright with the pectoral muscle at the top"),
        Rule("deformation", 0.01, "architectural distortion and spiculation are changes of shape"),
        Rule("lost", 0.2, "lesions at the chest wall lie at the very edge"),
        Rule("grey", 0.1, "density is read from the grey level"),
        Rule("local", 0.03, "it changes the density read and lifts noise into microcalcifications"),
        Rule("noise", 0.03, "noise hides microcalcifications and looks like them"),
    ),
    "brain mri": (
        Rule("rotation_deg", 30, UPRIGHT),
        Rule("deformation", 0.04, "midline shift and atrophy are changes of shape"),
        Rule("lost", 0.4, "the lesion may lie in what is cut away"),
        Rule("grey", 0.2, "sequences differ in which tissue is bright"),
        Rule("local", 0.03, "a lesion is recognised by its grey level against white matter"),
    ),
    "retina": (
        Rule("rotation_deg", 30, "upper and lower rim of the optic disc differ (ISNT rule)"),
        Rule("deformation", 0.01, "tortuous vessels and the optic cup are findings of shape"),
        Rule("lost", 0.25, "peripheral haemorrhages lie at the edge of the field"),
        Rule("grey", 0.2, MOST_GREY),
        Rule("colour", 0.06, "red is blood and yellow is exudate"),
    ),
    "skin": (
        Rule(
            "deformation", 0.01,
            "asymmetry and irregular outline are criteria of melanoma (ABCD rule)",
        ),
        Rule("lost", 0.5, "the border of the lesion may lie in what is cut away"),
        Rule("grey", 0.2, MOST_GREY),
        Rule("colour", 0.06, "blue-white veil, redness and pigment are criteria"),
    ),
    "cells": (
        Rule("deformation", 0.06, "the shape of a cell and its nucleus shows its type"),
        Rule("lost", 0.3, "parasites may lie at the rim of the cell"),
        Rule("grey", 0.2, MOST_GREY),
        Rule("colour", 0.07, "the stain separates chromatin from cytoplasm"),
    ),
    "histology": (
        Rule("deformation", 0.06, "the shape of nuclei and glands is graded"),
        Rule("lost", 0.5, "a few tumour cells may decide a patch"),
        Rule("grey", 0.2, MOST_GREY),
        Rule("colour", 0.1, "haematoxylin and eosin must not change places"),
    ),
    "oct": (
        Rule("rotation_deg", 20, "the layers lie one above the other"),
        Rule("deformation", 0.01, "thickness and waviness of the layers are the finding"),
        Rule("lost", 0.3, "fluid may lie in what is cut away"),
        Rule("grey", 0.2, MOST_GREY),
    ),
    "ultrasound": (
        Rule("rotation_deg", 30, "sound comes from above, and shadows fall downwards"),
        Rule("lost", 0.4, "the lesion or its shadow may lie in what is cut away"),
        Rule("grey", 0.2, MOST_GREY),
    ),
    "ct": (
        Rule("mirror", 0, "it puts liver and heart on the other side (situs inversus)"),
        Rule("rotation_deg", 30, "slices are shown with the front up, and fluid sinks to the back"),
        Rule("deformation", 0.03, "sizes and shapes of organs are findings"),
        Rule("lost", 0.4, "the lesion may lie in what is cut away"),
        Rule("grey", 0.03, "grey levels are Hounsfield units within the window"),
        Rule("local", 0.03, "grey levels are Hounsfield units within the window"),
    ),
}  # fmt: skip
WORDS = {  # of an effect, in a sentence whose subject is the transform
    "mirror": "mirrors the image",
    "rotation_deg": "turns the image by up to {:.0f} degrees",
    "deformation": "bends shapes by up to {:.1%} of the side",
    "lost": "cuts away up to {:.0%} of the image",
    "grey": "changes grey levels by {:.0%} of their range",
    "local": "changes contrast from place to place by {:.0%} of the range",
    "noise": "adds noise of {:.0%} of the range",
    "colour": "changes colours by {:.0%} of the range",
}
KEYS = {  # the key to set if the augmentation has it: by transform, then by effect
    "HorizontalFlip": {"": "flip"},
    "VerticalFlip": {"": "vertical_flip"},
    "RandomRotate90": {"": "quarter_turns"},
    "Rotate": {"": "rotation_deg"},
    "Affine": {"": "rotation_deg", "lost": "translate"},
    "RandomCrop": {"": "crop"},
    "CropAndPad": {"": "crop_pad"},
    "Elastic": {"": "elastic"},
    "CLAHE": {"": "clahe_p"},
    "ColorJitter": {"": "brightness", "colour": "hue"},
    "GaussNoise": {"": "noise"},
}


def check(augmentation: Augmentation, modality: str) -> list[str]:
    """The unsafe effects of an augmentation on images of `modality`, one sentence each.

    A sentence says what, why, and the remedy. With `augmentation.strict` they become a
    MedsmallError. `modality` is one of `medsmall.dataset.MODALITIES`; for "other" the only check is
    whether the policy is meant for another modality.
    """
    warnings = [*_meant_for_others(augmentation, modality), *_unsafe(augmentation, modality)]
    if warnings and augmentation.strict:
        more = f" ({len(warnings) - 1} more with strict=false)" if len(warnings) > 1 else ""
        raise MedsmallError(f"augmentation.strict=true refuses: {warnings[0].rstrip('.')}{more}.")
    return warnings


def _meant_for_others(augmentation: Augmentation, modality: str) -> list[str]:
    if augmentation.modality in ("", modality):
        return []
    meant = f"augmentation={augmentation.name} is meant for {augmentation.modality} images"
    if modality == "other":
        return [f"{meant}, but dataset.modality is 'other': set dataset.modality."]
    known = shipped_for(modality)
    remedy = f"choose augmentation={known[0]}" if known else "choose augmentation=own or none"
    return [f"{meant}, but these are {modality} images: {remedy}."]


def _unsafe(augmentation: Augmentation, modality: str) -> list[str]:
    """One sentence per transform and remedy."""
    sentences: dict[tuple[str, str], str] = {}
    pipeline = augmentation.training()
    rules = RULES.get(modality, ())
    if not rules or not len(pipeline):
        return []
    for transform, effect in effects(pipeline, augmentation.image_size_px):
        name = type(transform).__name__
        for rule in rules:
            done = getattr(effect, rule.effect)
            if done > rule.most:
                remedy = _remedy(augmentation, name, rule, modality)
                sentence = (
                    f"{name} {WORDS[rule.effect].format(done)}, which is unsafe for {modality} "
                    f"images, as {rule.reason}: {remedy}."
                )
                sentences.setdefault((name, remedy), sentence)
    return list(sentences.values())


def _remedy(augmentation: Augmentation, transform: str, rule: Rule, modality: str) -> str:
    keys = KEYS.get(transform, {})
    key = keys.get(rule.effect, keys.get(""))
    if key is None or not hasattr(augmentation, key):
        first = f"leave {transform} out or make it weaker"
    elif rule.effect in ("mirror", "rotation_deg") and key != "rotation_deg":
        first = f"set augmentation.{key}=0"
    else:
        first = f"{'raise' if key == 'crop' else 'lower'} augmentation.{key}"
    others = [option for option in shipped_for(modality) if option != augmentation.name]
    return " or ".join([first, *(f"choose augmentation={option}" for option in others)])
