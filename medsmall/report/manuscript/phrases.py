"""The options in words: by group and class, parts of sentences with the keys of their config.

A key in braces is filled in; the others of the option follow in brackets, so nothing is left out.
"""

from string import Formatter
from typing import Any

from medsmall.record.key import WITHOUT
from medsmall.report.manuscript.facts import to_fill_in
from medsmall.report.paths import without_paths
from medsmall.report.run import Run

# what tells no option from another, or is said elsewhere
SILENT = {
    "_target_", "seed", "label", "packaged_weights", "random_body", "body_groups", "norm",
    "weight_decay", "fold", "train_views",
}  # fmt: skip
PHRASES: dict[str, dict[str, str]] = {
    "split": {
        "ByPatient": (
            "{patients} were assigned at random to a training ({train:.0%}), a tuning (validation; "
            "{val:.0%}) and a test part ({test:.0%}; shares of {patients})"
        ),
        "Stratified": (
            "{patients} were assigned to a training ({train:.0%}), a tuning (validation; {val:.0%})"
            " and a test part ({test:.0%}; shares of images) by iterative stratification, so that "
            "each part resembled the whole in {stratify_by}"
        ),
        "Official": (
            "the split published with the data set was used; where it did not tell the tuning "
            "(validation) part from the training part, {val_fraction:.0%} of these images, by "
            "{patients}, became the tuning part"
        ),
        "KFold": (
            "cross-validation was used: {patients} were divided into {folds} folds by iterative "
            "stratification, so that each fold resembled the whole in {stratify_by}; of the images "
            "outside the test fold, a tuning (validation) part of {val:.0%} of all images was set "
            "apart, and the rest was for training"
        ),
    },
    "strategy": {
        "BiasOnly": "the last layer and all biases were trained at a learning rate of {lr:g}",
        "DecayedRates": (
            "all layers were trained from the first step, the last one at a learning rate of {lr:g}"
            " that was multiplied by {decay:.3g} for each {per} towards the input"
        ),
        "FeatureExtractor": (
            "the last layer alone was trained, at a learning rate of {lr:g}; the others kept the "
            "initial weights"
        ),
        "FinetuneAll": (
            "all layers were trained from the first step at a learning rate of {lr:g}"
        ),
        "GradualUnfreezing": (
            "layers were unfrozen gradually: the last layer was trained from the first step at a "
            "learning rate of {lr:g}, and groups of earlier layers joined one after another "
            "({thaw_at} of all steps), each at {alpha:.3g} times the rate of the group after it"
        ),
        "LoRA": (
            "the last layer and low-rank adapters (LoRA) of rank {rank} and scale alpha {alpha} "
            "were trained at a learning rate of {lr:g}; the weights beneath them were frozen"
        ),
        "NormOnly": (
            "the last layer and the scales and shifts of normalisation layers were trained at a "
            "learning rate of {lr:g}"
        ),
        "Partial": (
            "the first {frozen_stages} stages of the network stayed frozen, and the rest was "
            "trained at a learning rate of {lr:g}"
        ),
        "ProbeThenFinetune": (
            "the last layer was trained alone for the first {probe:.0%} of the steps at a learning "
            "rate of {head_lr:g}, then all layers at {lr:g}"
        ),
        "Scratch": "all layers were trained from random weights at a learning rate of {lr:g}",
    },
    "schedule": {
        "Constant": "a constant learning rate after a linear rise in {warmup:.0%} of the steps",
        "Cosine": (
            "a linear rise of the learning rate in the first {warmup:.0%} of the steps and cosine "
            "decay to 0 afterwards"
        ),
        "OneCycle": (
            "a one-cycle schedule (from 1/{start_divisor:g} of the learning rate up to it in the "
            "first {warmup:.0%} of the steps, then down along a cosine; last rate 1/{end_divisor:g}"
            " of the first)"
        ),
        "ReduceOnPlateau": (
            "a learning rate multiplied by {factor:g} after an epoch whose tuning loss had risen by"
            " more than {tolerance:g}"
        ),
    },
    "loss": {
        "Asymmetric": "the asymmetric loss",
        "BCE": "binary cross-entropy per target",
        "CrossEntropy": "cross-entropy",
        "Focal": "the focal loss (gamma {gamma:g})",
        "LabelSmoothing": "cross-entropy with label smoothing (epsilon {epsilon:g})",
        "LogitAdjustment": (
            "cross-entropy of logits adjusted by the class frequencies (tau {tau:g})"
        ),
    },
    "objective": {
        "CutMix": "CutMix (alpha {alpha:g})",
        "MixUp": "MixUp (alpha {alpha:g})",
    },
    "sampler": {
        "Adasyn": "examples of small classes were added between the features of images (ADASYN)",
        "Oversample": "images of small classes were shown repeatedly (random oversampling)",
        "Smote": "examples of small classes were added between the features of images (SMOTE)",
        "Undersample": "images of large classes were left out (random undersampling)",
    },
    "threshold": {
        "Cost": (
            "at the least expected cost on the tuning part, a miss costing {miss:g} and a false "
            "alarm {false_alarm:g}"
        ),
        "F1": "at the largest F1 on the tuning part",
        "Prevalence": "at the share of positives in training",
        "Sensitivity": (
            "at the best specificity with a sensitivity of {at_least:g} or more on the tuning part"
        ),
        "Specificity": (
            "at the best sensitivity with a specificity of {at_least:g} or more on the tuning part"
        ),
        "Youden": "at the largest sum of sensitivity and specificity (Youden) on the tuning part",
    },
    "learner": {
        "GradientBoosting": "gradient-boosted trees",
        "KNN": "nearest neighbours",
        "LinearSVM": "a linear support vector machine with calibrated outputs",
        "Prior": "no model: the shares of the classes (or the mean) in training",
        "Probe": "{model} regression",
        "Prototypes": "nearest class means with calibrated outputs",
        "RandomForest": "a random forest",
        "RidgeHead": "ridge regression with calibrated outputs",
    },
    "features": {
        "Metadata": "metadata of the image alone (such as age, sex and view), without its pixels",
        "NetworkFeatures": "features of the frozen network",
        "Texture": "hand-crafted features of texture and grey levels",
        "WithMetadata": "features of the frozen network together with metadata",
    },
    "pretraining": {
        "Distribution": "random values with the mean and standard deviation of pretrained weights",
        "Hub": "those published with the network",
        "ImageNet": "those of a pretraining on ImageNet",
        "NoPretraining": "random values, without pretraining",
        "RadImageNet": "those of a pretraining on RadImageNet",
        "TorchXRayVision": "those of TorchXRayVision, trained on public chest radiographs",
        "WeightsFile": "those of a file",
    },
}  # fmt: skip


def kind(run: Run, group: str) -> str:
    """The name of the class of an option; "" where the run has no such group."""
    absent = WITHOUT.get(group)
    usual = absent["_target_"] if isinstance(absent, dict) else ""
    return str(run.config.get(f"{group}._target_") or usual).rpartition(".")[2]


def settings(run: Run, group: str) -> dict[str, Any]:
    """The keys of a group and their values, as far as they are set."""
    of = f"{group}."
    pairs = {k.removeprefix(of): v for k, v in run.config.items() if k.startswith(of)}
    return {k: v for k, v in pairs.items() if k.rpartition(".")[2] not in SILENT and v is not None}


def phrase(run: Run, group: str, **more: Any) -> str:
    """An option in words with all its settings; `more` fills in what the config has in numbers."""
    name, given = kind(run, group), settings(run, group)
    text = PHRASES[group].get(name) if _shipped(run, group) else None
    if text is None:
        option = str(run.config.get(group) or name)
        text = f"{without_paths(option)} {to_fill_in('what it is')}"
        rest = given
    else:
        asked = {key for _, key, _, _ in Formatter().parse(text) if key}
        rest = {k: v for k, v in given.items() if k not in asked}
        try:
            text = text.format(**{**given, **more})
        except (KeyError, ValueError, TypeError):  # a record of another version
            text, rest = str(run.config.get(group) or name), given
    if (told := brackets(rest)) and text.endswith(")"):
        return f"{text[:-1]}, {told[2:]}"
    return text + told


def brackets(rest: dict[str, Any]) -> str:
    """Settings in brackets: " (gamma = 2, weighted)"; "" for none."""
    words = [
        key.replace("_", " ") if value is True else f"{key.replace('_', ' ')} = {_plain(value)}"
        for key, value in rest.items()
        if value is not False and value != ""
    ]
    return f" ({', '.join(words)})" if words else ""


def _shipped(run: Run, group: str) -> bool:
    target = run.config.get(f"{group}._target_")
    return target is None or str(target).startswith("medsmall.")


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return without_paths(str(value))
