"""What a run has a use for: options without effect tell no two runs apart."""

from typing import Any

from hydra.utils import get_object

TOLD = (
    "strategy", "schedule", "loss", "objective",
    "features", "pretraining", "backbone", "augmentation",
)  # fmt: skip
NETWORK = "medsmall.features.network.NetworkFeatures"


def used(config: dict[str, Any], resolved: dict[str, Any]) -> dict[str, Any]:
    """The flat `config` of a run without the options that it ignores, by its `resolved` one.

    Features that no network gives stand in the place of the pretraining: "imagenet" and "radiomics"
    are two answers to one question, what a head is fitted to.
    """
    ignores = _ignores(resolved["learner"])
    unused = {group for group in TOLD if group in ignores}
    features = resolved.get("features") or {"_target_": NETWORK}  # records of older versions
    config = {"features": "network"} | config
    kept = {k: v for k, v in config.items() if k.partition(".")[0] not in unused}
    if "features" in ignores or "pretraining" not in (of := _ignores(features)):
        return kept
    option = resolved["choices"].get("features")
    replaced = {group for group in TOLD if group in of}
    kept = {k: v for k, v in kept.items() if k.partition(".")[0] not in replaced}
    return {**{k: v for k, v in kept.items() if k != "features"}, "pretraining": str(option)}


def _ignores(node: dict[str, Any]) -> frozenset[str]:
    """That of the class of a part; nothing where it is known only of an object, or not any more."""
    try:
        found = get_object(node["_target_"]).ignores
    except Exception:  # of Hydra, or of whatever module of one's own it is in
        return frozenset()
    return found if isinstance(found, frozenset) else frozenset()
