"""What is known of a run before it trains."""

import re
from typing import Any

from medsmall.logger import About
from medsmall.record.key import SEEDS
from medsmall.report.ledger import config_of
from medsmall.report.paths import without_paths
from medsmall.sent.arm import arm_of, way_of

COUNTS = ("n_train", "n_val", "labels_used")
# what other columns say, what is no option of the run, and what describes other people's files
ELSEWHERE = {"logger", "sweep", "upstream", "fold", "sample_size.n", "sample_size.repeat"}


def about(key: str, resolved: dict[str, Any], facts: dict[str, Any]) -> About:
    """By the resolved config as config.yaml has it, and the facts of metrics.json."""
    choices = resolved["choices"]
    flat = config_of(resolved, facts) | {"task": str(facts["task"])}  # no enum, as in metrics.json
    arm, way = without_paths(arm_of(flat, resolved)), way_of(flat)
    repeat, fold = flat.get("sample_size.repeat"), flat.get("split.fold")
    n = flat.get("sample_size.n")
    plain = {
        "arm": arm,
        "cell": f"{arm}, {choices.get('size', 'all')}",
        "n": n if isinstance(n, int) else facts["n_train"],
        "repeat": repeat,
        "fold": fold,
        "seed": resolved["seed"],
        "way": way,
        "weights": without_paths(str(facts["pretraining"])),
        **{name: facts[name] for name in COUNTS if name in facts},
        "key": key,
        "record": f"runs/{key}",
    }
    options = {k: v for k, v in flat.items() if "." not in k and k not in ELSEWHERE}
    shown = {**options, **plain, "config": _settings(flat)}  # plain ones take precedence
    tags = [choices["dataset"], choices["backbone"], str(flat.get("pretraining", "no weights")),
            way, choices["size"], f"repeat {repeat}"]  # fmt: skip
    if facts["phantom"]:
        tags.append("phantom")
    return About(
        key,
        str(facts["name"]),
        str(choices.get("experiment", choices["dataset"])),
        arm,
        str(choices.get("size", "all")),
        tags,
        shown,
    )


def _settings(flat: dict[str, Any]) -> dict[str, Any]:
    """The keys of the options by group, without classes and folders."""
    found: dict[str, Any] = {}
    for dotted, value in flat.items():
        group, _, key = dotted.partition(".")
        if not key or key.endswith("_target_") or dotted in {*ELSEWHERE, *SEEDS}:
            continue
        if isinstance(value, str):
            if group == "dataset" and re.search(r"[/\\]", value):
                continue  # where one's own data lie
            value = without_paths(value)
        found.setdefault(group, {})[key] = value
    return found
