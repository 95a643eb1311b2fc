"""Statements on augmentation: how images were changed at random, in training and in the test."""

import json

from medsmall.report.manuscript.facts import Facts, listed
from medsmall.report.manuscript.phrases import brackets, kind, settings
from medsmall.report.manuscript.training import is_trained
from medsmall.report.run import Run

# of a policy, in its order: a strength, the probability that goes with it, and both in words
STRENGTHS = (
    ("flip", "", "horizontal flips (probability {:g})"),
    ("vertical_flip", "", "vertical flips (probability {:g})"),
    ("quarter_turns", "", "quarter turns (probability {:g})"),
    ("crop_pad", "", "cutting or padding of each edge by up to {:.3g} of the side"),
    ("rotation_deg", "", "rotation by up to {:g}°"),
    ("translate", "", "shifts by up to {:.3g} of the side"),
    ("scale", "", "scaling by a factor of 1 ± {:g}"),
    ("elastic", "elastic_p", "elastic deformation (up to {:g} of the side, probability {:g})"),
    ("clahe", "clahe_p", "CLAHE (clip limit up to {:g}, probability {:g})"),
    ("brightness", "", "brightness by a factor of 1 ± {:g}"),
    ("contrast", "", "contrast by a factor of 1 ± {:g}"),
    ("saturation", "", "saturation by a factor of 1 ± {:g}"),
    ("hue", "", "hue by up to {:g} of the colour circle"),
    ("noise", "noise_p", "Gaussian noise (SD up to {:g} of the grey range, probability {:g})"),
)


def augmentation(facts: Facts) -> str:
    """What changes images in training, and the views of a test image."""
    trained = facts.each("Augmentation", _augmentation)
    return " ".join(one for one in (trained, facts.each("Test views", _views)) if one)


def _augmentation(run: Run) -> str:
    if not run.config.get("augmentation._target_"):
        return ""
    views = run.config.get("learner.train_views")
    if not is_trained(run) and not views:
        return "models were fitted to images without augmentation"
    if (changes := _changes(run)) == "":
        return "training images were not augmented"
    if is_trained(run):
        return f"training images were augmented at random by {changes}"
    return (
        f"models were fitted to {views} augmented views of each training image, too, changed at "
        f"random by {changes}"
    )


def _changes(run: Run) -> str:
    name, given = kind(run, "augmentation"), settings(run, "augmentation")
    if name == "NoAugmentation":
        return ""
    if name == "Policy":
        found = []
        for key, chance, words in STRENGTHS:
            of = [given.get(one, 0) for one in (key, chance) if one]
            if all(of):
                found.append(words.format(*of))
        return listed(found, 30)
    if name == "Paper" and {"rotation_deg", "flip", "crop"} <= {*given}:
        return (
            f"rotation by up to {given['rotation_deg']:g}°, horizontal flips (probability "
            f"{given['flip']:g}) and crops of {given['crop']:.3g} of the side (tuning and test "
            "images: the centre)"
        )
    if name == "OwnPipeline":
        steps = json.loads(str(given.get("transforms") or "[]"))
        return listed([str(next(iter(step))) for step in steps if step], 30)
    rest = {k: v for k, v in given.items() if k not in ("tta_views", "image_size_px")}
    return f"{run.config.get('augmentation') or name}{brackets(rest)}"


def _views(run: Run) -> str:
    views = run.config.get("augmentation.tta_views")
    if not views:
        return ""
    return f"the prediction for an image was the mean over its plain and {views} augmented views"
