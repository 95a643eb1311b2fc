"""The identity of a run: a hash of everything that can change its result."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

ALL, SOME = 5000, 1000

# Keys that cannot change the result: folders, logging, the machine. The fingerprints of the sample
# table and of the weights replace the keys that decide their contents.
EXCLUDED = {
    "data_root", "output_root", "cache_root", "name", "choices", "logger", "audit", "num_workers",
    "sweep", "without",
    "dataset.root", "dataset.missing_images", "dataset.phantom_patients", "dataset.download",
    "dataset.name", "dataset.file",
    "augmentation.strict", "learner.label", "strategy.body_groups",
    "pretraining.path", "pretraining.allow_test_overlap", "pretraining.trained_on",
    "pretraining.prefix", "pretraining.tag", "pretraining.at.licence", "pretraining.at.trained_on",
    "backbone.hub.licence", "backbone.hub.trained_on",
    "pretraining.experiment", "pretraining.overrides", "pretraining.train_images",
    "pretraining.dataset", "pretraining.targets", "pretraining.start", "pretraining.apart",
    "trainer.accelerator", "trainer.devices", "trainer.strategy", "trainer.deterministic",
    "trainer.benchmark", "trainer.enable_progress_bar", "trainer.enable_model_summary",
    "trainer.num_sanity_val_steps", "trainer.log_every_n_steps",
}  # fmt: skip
# what a group or key is where a run does without it: runs from before it existed keep their key
WITHOUT = {
    "backbone.samplewise": False,
    "features": {"_target_": "medsmall.features.network.NetworkFeatures"},
    "prevalence": None,
    "sampler": {"_target_": "medsmall.sampler.none.NoSampler"},
    "threshold": {"_target_": "medsmall.threshold.youden.Youden"},
}
# the seed of a part, such as pretraining.seed: it follows the repeat, as the seed of the training
SEEDS = tuple(
    f"{part}.seed"
    for part in ("pretraining", "strategy", "learner", "objective", "loss", "sampler")
)


def run_key(config: dict[str, Any], ignored: Iterable[str], identity: dict[str, str]) -> str:
    """16 hexadecimal digits.

    `config` is the full resolved config; all keys count except EXCLUDED and `ignored` ones (dotted,
    or whole groups). `identity` holds fingerprints of things that the config only names: the sample
    table, the draw, its pixels, the initial weights.
    """
    text = json.dumps({"config": relevant(config, ignored), **identity}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def relevant(config: dict[str, Any], ignored: Iterable[str]) -> dict[str, Any]:
    """The keys of the full resolved config that can change a result, except `ignored` ones."""
    unused = {key for key, value in WITHOUT.items() if _at(config, key, value) == value}
    return _without(config, EXCLUDED | unused | set(ignored))


def _at(config: dict[str, Any], dotted: str, default: Any) -> Any:
    node: Any = config
    for key in dotted.split("."):
        if not isinstance(node, dict) or key not in node:
            return default
        node = node[key]
    return node


def spread(images: pd.Series) -> list[str]:
    """The images whose pixels the key holds: all of up to `ALL`, else `SOME` spread over them.

    Labels alone cannot distinguish the 224 px files of a data set from the 1024 px ones, nor an
    image from its corrected version. For a large data set without a cache, reading all images to
    find a record would take an hour.
    """
    known = sorted(images.unique())
    if len(known) <= ALL:
        return known
    return [known[i] for i in np.unique(np.linspace(0, len(known) - 1, SOME).astype(int))]


def fingerprint(table: pd.DataFrame, targets: list[str]) -> str:
    """SHA-256 of the sample table's content, independent of the order of its rows."""
    return rows_hash(table[["image", "patient", "split", *targets]].sort_values("image"))


def rows_hash(rows: pd.DataFrame) -> str:
    """SHA-256 of the values of some rows, in their order."""
    hashes = pd.util.hash_pandas_object(rows, index=False).to_numpy()
    return hashlib.sha256(hashes.tobytes()).hexdigest()


def _without(node: Any, excluded: set[str], path: str = "") -> Any:
    if not isinstance(node, dict):
        return node
    kept = {key: f"{path}.{key}".lstrip(".") for key in node}
    return {
        key: _without(node[key], excluded, dotted)
        for key, dotted in kept.items()
        if dotted not in excluded
    }
