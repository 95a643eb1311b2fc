"""Options named auto: chosen by the data, reported in one line, and resolved in the record.

The YAML of such an option holds only keys that every possible choice has. trainer=auto is resolved
by the machine instead (`medsmall.configs.machine`).
"""

import pickle
from functools import cache
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf, open_dict

from medsmall.augmentation.reasons import shipped_for
from medsmall.configs.composing import with_choices
from medsmall.configs.options import config_dir, is_auto
from medsmall.configs.options import options as options_of
from medsmall.errors import MedsmallError
from medsmall.task import Task

if TYPE_CHECKING:
    import pandas as pd

    from medsmall.dataset import Dataset
    from medsmall.sample_size import Pools

SMALL = 2000  # train images up to which a run takes all of them
N = 200  # images that a run takes of a larger train part


def auto_groups(cfg: DictConfig) -> list[str]:
    """The groups whose option the data still have to choose."""
    groups = ("split", "sample_size", "loss", "augmentation")
    return [group for group in groups if is_auto(cfg.choices.get(group))]


def likely(cfg: DictConfig, dataset: "Dataset") -> DictConfig:
    """`cfg` with options that need no table in place of auto, to check it before reading data."""
    try:
        loss = loss_for(cfg, dataset)
    except MedsmallError:  # only the table tells the task, and it cannot be read yet
        loss = "bce"
    options = {
        "split": "stratified",
        "sample_size": "natural",
        "loss": loss,
        "augmentation": augmentation_for(dataset),
    }
    return with_options(cfg, {group: options[group] for group in auto_groups(cfg)})


def settled(cfg: DictConfig, dataset: "Dataset", table: "pd.DataFrame", *groups: str) -> DictConfig:
    """`cfg` with the chosen option in those of the `groups` that are auto."""
    asked = [group for group in auto_groups(cfg) if group in groups]
    chosen = choose(cfg, dataset, table, asked)
    return with_options(cfg, {group: option for group, (option, _) in chosen.items()})


def choose(
    cfg: DictConfig, dataset: "Dataset", table: "pd.DataFrame", groups: list[str]
) -> dict[str, list[str]]:
    """The option of each of the `groups`, and why: ``{"loss": ["mae", "regression"]}``."""
    chosen: dict[str, list[str]] = {}
    if "split" in groups:
        chosen["split"] = split_for(cfg, dataset, table)
    if "loss" in groups:
        chosen["loss"] = [loss_for(cfg, dataset), f"{dataset.task}"]
    if "augmentation" in groups:
        modality = dataset.modality
        known = modality if modality != "other" else "set dataset.modality for a suitable one"
        chosen["augmentation"] = [augmentation_for(dataset), known]
    return chosen


def with_options(cfg: DictConfig, options: dict[str, str]) -> DictConfig:
    """`cfg` with these options of the groups; values set in `cfg` replace those of the options."""
    settled: DictConfig = pickle.loads(pickle.dumps(cfg))  # a copy takes twice as long
    with open_dict(settled):
        for group, option in options.items():
            node = _shipped(group, option).copy()
            began = cfg.choices[group] if is_auto(cfg.choices[group]) else "auto"
            usual: Any = OmegaConf.to_container(_shipped(group, began))
            given: Any = OmegaConf.to_container(cfg[group])
            for key, value in given.items():
                if key in node and value is not None:
                    node[key] = value
                elif value and key not in node and value != usual.get(key):  # 0 asks for none
                    raise MedsmallError(
                        f"{group}.{key} has no effect with {group}={option}, which is chosen here: "
                        f"remove it, or choose another {group}."
                    )
            settled[group] = node
    return with_choices(settled, {**cfg.choices, **options})


@cache  # a sweep asks in each cell
def _shipped(group: str, option: str) -> DictConfig:
    node = OmegaConf.load(config_dir() / group / f"{option}.yaml")
    assert isinstance(node, DictConfig)
    return node


def told(cfg: DictConfig, chosen: dict[str, list[str]]) -> list[str]:
    """The choices as one sentence in a list; empty without any."""
    words = [f"{group}={option} ({why})" for group, (option, why) in chosen.items()]
    if OmegaConf.is_interpolation(cfg.trainer, "accelerator"):
        words.append(f"trainer={cfg.choices.trainer}")
    return [f"Chosen: {', '.join(words)}."] if words else []


def split_for(cfg: DictConfig, dataset: "Dataset", table: "pd.DataFrame") -> list[str]:
    """The official split where one can be used, else a stratified one."""
    from medsmall.split import check_classes
    from medsmall.split.official import Official

    if (table["split"].fillna("") == "").all():
        return ["stratified", "the data have no official one"]
    try:
        official = Official(seed=cfg.split.seed).assign(table, dataset.targets)
        check_classes(table, official, dataset.targets, dataset.task, published_test=False)
    except MedsmallError as error:
        why = str(error).partition(": ")[0]
        return ["stratified", f"the official one cannot be used: {why}"]
    return ["official", "published with the data"]


def sample_size_for(given: DictConfig, pools: "Pools") -> list[str]:
    """All images of a small train part, else N images, balanced if the classes allow.

    Up to N images the answer is the same for every `given.n`: such sizes of a sweep draw alike.
    """
    rows, targets = pools.train, pools.targets
    asked = given.n is not None or given.fraction is not None
    if len(rows) <= SMALL and not asked:
        return ["all", f"{len(rows):,} train images"]
    if pools.task in (Task.BINARY, Task.MULTICLASS) and given.fraction is None:
        positives = (rows[targets] == 1).sum()
        counts = positives if len(targets) > 1 else [*positives, *(rows[targets] == 0).sum()]
        if min(counts) >= max(N, given.n or 0) / len(counts):
            return ["balanced", f"of {len(rows):,} train images"]
    return ["natural", f"of {len(rows):,} train images"]


def loss_for(cfg: DictConfig, dataset: "Dataset") -> str:
    """The loss of the task; loss=auto_weighted asks for its weighted form, where it has one."""
    from medsmall.targets import targets_of

    plain = targets_of(dataset.targets, dataset.task).loss
    weighted = f"{plain}_weighted"
    asked = cfg.choices.loss == "auto_weighted"
    return weighted if asked and weighted in options_of("loss") else plain


def augmentation_for(dataset: "Dataset") -> str:
    """The augmentation for the modality; none if the modality is unknown."""
    return next(iter(shipped_for(dataset.modality)), "none")
