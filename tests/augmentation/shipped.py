"""The policies of conf/augmentation, made without Hydra."""

import yaml

from medsmall.augmentation.policy import Policy
from medsmall.configs import config_dir

MODALITIES = {
    "chest_safe": "chest x-ray",
    "bone_safe": "bone x-ray",
    "skin": "skin",
    "cells": "cells",
    "histology": "histology",
    "mammography": "mammography",
    "brain_mri": "brain mri",
    "retina": "retina",
}


def written(name):
    """The keys of a policy's YAML."""
    return yaml.safe_load((config_dir() / "augmentation" / f"{name}.yaml").read_text("utf-8"))


def policy(name, side, **changes):
    config = {**written(name), "image_size_px": side, **changes}
    assert config.pop("_target_") == "medsmall.augmentation.policy.Policy"
    return Policy(**config)
