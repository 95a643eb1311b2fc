"""Sources of weights told apart, whose option alone does not say which weights they give."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from medsmall.report.run import Run

# keys that describe a source; they are no part of a run's key, which has what they lead to
ALONE = ("pretraining.dataset", "pretraining.path")
DESCRIBED = (
    *ALONE,
    *(f"pretraining.{key}" for key in ("targets", "start", "apart", "train_images")),
    *(f"pretraining.{key}" for key in ("overrides", "experiment")),
)


def with_sources(runs: list[Run]) -> list[Run]:
    """The runs, whose pretraining is told with what describes it: "upstream (mura)".

    A data set is always told, the rest where runs of the same option differ in it. So two sources
    differ in one factor alone, whatever their options.
    """
    of_option = defaultdict(list)
    for run in runs:
        of_option[run.config.get("pretraining")].append(run.config)
    varied = {
        option: [key for key in DESCRIBED if len({config.get(key) for config in configs}) > 1]
        for option, configs in of_option.items()
    }
    return [replace(run, config={**run.config, **_told(run.config, varied)}) for run in runs]


def alone(config: Mapping[str, Any], differ: list[str]) -> str:
    """The pretraining of one run, told with its data set and with the keys that `differ`."""
    option = config.get("pretraining")
    return _told(config, {option: differ}).get("pretraining", str(option))


def _told(config: Mapping[str, Any], varied: Mapping[Any, list[str]]) -> dict[str, str]:
    option = config.get("pretraining")
    told = [
        config[key] if key in ALONE else f"{key.partition('.')[2]}={config[key]}"
        for key in DESCRIBED
        if config.get(key) and (key in varied[option] or key == ALONE[0])
    ]
    return {"pretraining": f"{option} ({', '.join(told)})"} if told else {}
