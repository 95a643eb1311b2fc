"""The arm of a run by itself, for those who see it beside runs that are not made yet.

A report names an arm by what a sweep varied. A logger gets a run before the others: its arm is
named by the weights, the way of fitting, and everything that was set otherwise than usual.
"""

from functools import cache
from typing import Any

from hydra.utils import get_object

from medsmall.augmentation.reasons import shipped_for
from medsmall.configs import compose
from medsmall.configs.options import options
from medsmall.errors import MedsmallError
from medsmall.parts import usual_options
from medsmall.record.key import relevant
from medsmall.report.arms import ALONG, IGNORED, REPEATS, named
from medsmall.report.ledger import flat
from medsmall.report.sources import DESCRIBED, alone
from medsmall.report.used import TOLD
from medsmall.schema import resolved as resolve
from medsmall.targets import targets_of
from medsmall.task import Task

FIRST = ("pretraining", "learner", "strategy")  # told whatever they are
OPTIONS = (*TOLD, "learner", "sampler", "threshold")
KEYS = ("image_size_px", "resize", "batch_size", "select_by", "prevalence")


def way_of(config: dict[str, Any]) -> str:
    """How a run was fitted: the strategy of a network, else the learner."""
    return str(config.get("strategy", config["learner"]))


def arm_of(config: dict[str, Any], resolved: dict[str, Any]) -> str:
    """The arm in words, as a report names one; by the flat and the resolved config."""
    usual = _usual(tuple(sorted(_chosen(resolved["choices"]).items())))
    differ = [key for key in DESCRIBED if key in config and config[key] != usual.get(key)]
    told = {"learner": way_of(config)}
    if "pretraining" in config:
        told = {"pretraining": alone(config, differ), **told}
    ordinary = _ordinary(config, resolved)
    for group in OPTIONS:
        if group not in FIRST and group in config and config[group] != ordinary.get(group):
            told[group] = config[group]
    set_otherwise = {
        key: str(value)
        for key, value in config.items()
        if _is_key(key) and key in usual and value != usual[key]
    }
    told |= set_otherwise
    return named(list(told), list(told.values()))


def _is_key(key: str) -> bool:
    group, _, within = key.partition(".")
    known = key in KEYS or (within not in ("", *KEYS) and group in (*OPTIONS, "trainer"))
    other = key in IGNORED or key in DESCRIBED or key in (*REPEATS, *ALONG)
    return bool(known) and not other and not key.endswith("_target_")


def _ordinary(config: dict[str, Any], resolved: dict[str, Any]) -> dict[str, str]:
    """The option of each group that a run has unless another is asked for."""
    names = resolved["dataset"].get("targets") or ["x"]
    loss = targets_of([str(name) for name in names], Task(config["task"])).loss
    modality = resolved["dataset"].get("modality")
    if modality is None:
        try:
            modality = get_object(resolved["dataset"]["_target_"]).modality
        except Exception:  # a data set of one's own that is not here
            modality = "other"
    augmentation = next(iter(shipped_for(str(modality))), "none")
    return {**usual_options(), "loss": loss, "augmentation": augmentation}


def _chosen(choices: dict[str, str]) -> dict[str, str]:
    """The options of the groups, and the experiment where there is one."""
    known = {group: option for group, option in choices.items() if group in usual_options()}
    experiment = choices.get("experiment")
    return known | ({"experiment": experiment} if experiment in options("experiment") else {})


@cache
def _usual(chosen: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """The flat config of these options, as they are; without a group whose options are not here."""
    words = [f"{'+' if group == 'experiment' else ''}{group}={option}" for group, option in chosen]
    try:
        cfg = compose(words)
    except MedsmallError:
        return {}
    found: dict[str, Any] = {}
    for group in (*OPTIONS, "trainer", *KEYS):
        try:
            found |= resolve(cfg, [group])
        except MedsmallError:  # a key of it has no default: a report would tell it
            continue
    source = found.get("pretraining") or {}
    described = {f"pretraining.{key}": value for key, value in source.items()}
    return dict(flat(relevant(found, ()))) | described
