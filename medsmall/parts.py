"""The parts of a run, made and checked before any data: a wrong value is reported in seconds."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from medsmall.auto import auto_groups, likely
from medsmall.configs import config_dir
from medsmall.contract import build, made
from medsmall.errors import MedsmallError
from medsmall.labelled import TABLE
from medsmall.once import Once
from medsmall.schema import check, resolved

if TYPE_CHECKING:
    from medsmall.augmentation import Augmentation
    from medsmall.dataset import Dataset
    from medsmall.learner import Learner
    from medsmall.loss import Loss
    from medsmall.pretraining import Pretraining
    from medsmall.sample_size import SampleSize
    from medsmall.sampler import Sampler
    from medsmall.split import Split
    from medsmall.targets import Targets


# the groups whose parts a learner's check fits together
FITTING = (
    "learner",
    "features",
    "backbone",
    "strategy",
    "schedule",
    "objective",
    "loss",
    "trainer",
)


@dataclass(frozen=True)
class Parts:
    """The parts that identify a run; the learner makes the other parts again, with the network."""

    split: "Split"
    sample_size: "SampleSize"
    sampler: "Sampler"
    augmentation: "Augmentation"
    pretraining: "Pretraining"
    loss: "Loss"
    learner: "Learner"
    ignores: frozenset[str]  # groups and keys of the config that cannot change the result


def ignored(cfg: DictConfig, learner: "Learner") -> frozenset[str]:
    """What neither the learner nor the features that it is fitted to depend on."""
    from medsmall.features import Features

    if "features" in learner.ignores:
        return learner.ignores
    return learner.ignores | made(cfg.features, Features).ignores


def parts_of(cfg: DictConfig, learner: "Learner", targets: "Targets | None") -> Parts:
    """Make the other parts of `cfg`, parts with light imports first.

    Raises MedsmallError for a value that a part refuses, and for a loss that does not fit the
    `targets`, if they are known.
    """
    from medsmall.augmentation import Augmentation
    from medsmall.loss import Loss
    from medsmall.objective import Objective
    from medsmall.pretraining import Pretraining
    from medsmall.sample_size import SampleSize
    from medsmall.sampler import Sampler
    from medsmall.schedule import Schedule
    from medsmall.split import Split

    split, sample_size = made(cfg.split, Split), made(cfg.sample_size, SampleSize)
    sampler = made(cfg.sampler, Sampler)
    loss = made(cfg.loss, Loss)
    if targets:
        check_task(cfg, loss, sampler, learner, targets)
    made(cfg.schedule, Schedule)
    made(cfg.objective, Objective)
    augmentation = made(cfg.augmentation, Augmentation)
    pretraining = made(cfg.pretraining, Pretraining)
    return Parts(
        split, sample_size, sampler, augmentation, pretraining, loss, learner,
        ignored(cfg, learner),
    )  # fmt: skip


def light_parts(cfg: DictConfig) -> "Learner":
    """Make the parts that need no torch and are never auto: a wrong value is told at once.

    Returns the learner, the one of them that is used again.
    """
    from medsmall.audit.findings import check_allowed
    from medsmall.backbone import Backbone
    from medsmall.learner import Learner
    from medsmall.strategy import Strategy
    from medsmall.threshold import Threshold

    check_allowed(cfg.audit.allow)
    made(cfg.threshold, Threshold)
    made(cfg.backbone, Backbone)
    made(cfg.strategy, Strategy)
    return made(cfg.learner, Learner)


def first_parts(cfg: DictConfig, once: Once) -> Parts:
    """The parts that are known before the data are read, generated or decoded.

    Options named auto may still change. Raises MedsmallError for a value that a part refuses and,
    if the cache has no decoded image of the run yet, if the parts do not fit each other, the task
    or the image size.
    """
    from medsmall.cache import cache_file
    from medsmall.logger import made_logger
    from medsmall.pretraining import Pretraining

    dataset = _opened(cfg)
    file = cache_file(dataset, cfg.image_size_px, Path(cfg.cache_root), cfg.resize)
    learner = light_parts(cfg)
    new = not file.is_file()
    if new and "pretraining" not in ignored(cfg, learner):
        made(cfg.pretraining, Pretraining).reach(cfg)
    if auto_groups(cfg):
        cfg = likely(cfg, dataset)
        check(cfg)
    # a phantom may have been generated since they were unknown
    targets = once("targets", resolved(cfg, TABLE), lambda: _known_targets(dataset))
    targets = targets or _known_targets(dataset)
    parts = parts_of(cfg, learner, targets)

    from medsmall.batches.views import augmented_side

    if new and cfg.logger:
        made_logger(cfg)
    if new and targets:
        side = augmented_side(parts.augmentation, cfg.image_size_px, channels=3)
        known = [resolved(cfg, FITTING), targets.names, str(targets.task), side]
        once("fitting", known, lambda: learner.check(cfg, targets, side))
    return parts


def _known_targets(dataset: "Dataset") -> "Targets | None":
    """The targets, unless only the table of the data defines them."""
    from medsmall.targets import targets_of

    try:
        return targets_of(dataset.targets, dataset.task)
    except MedsmallError:
        return None


def _opened(cfg: DictConfig) -> "Dataset":
    """The data set, or its phantom, which may not exist yet."""
    from medsmall.dataset.opening import phantom_folder

    dataset: Dataset = build(cfg.dataset)
    if cfg.phantom:
        dataset = build(cfg.dataset, root=str(phantom_folder(dataset, cfg.output_root)))
    return dataset


@cache  # a sweep asks in each cell
def usual_options() -> dict[str, str]:
    """The option of each group that nobody asked for another of; auto where the data choose."""
    usual = OmegaConf.load(config_dir() / "train.yaml").defaults
    return {group: option for one in usual if one != "_self_" for group, option in one.items()}


def unused(cfg: DictConfig, parts: Parts) -> list[str]:
    """A sentence, in a list, if options were chosen that the learner has no use for."""
    defaults = usual_options()
    chosen = [
        f"{group}={cfg.choices[group]}"
        for group in sorted(parts.ignores & {*cfg.choices} - {"pretraining"})
        if cfg.choices[group] != defaults.get(group)
    ]
    if not chosen:
        return []
    features = cfg.choices.features
    who = f"learner={cfg.choices.learner}"
    if features != "network" and "features" not in parts.learner.ignores:
        who += f" features={features}"
    return [f"{who} has no use for {', '.join(chosen)}: without effect."]


def check_task(
    cfg: DictConfig, loss: "Loss", sampler: "Sampler", learner: "Learner", targets: "Targets"
) -> None:
    """MedsmallError if a part does not fit the kind of the targets, or the choice of an epoch."""
    from medsmall import sampler as samplers
    from medsmall.loss import fit_nothing, refuse_other_task

    samplers.check_task(sampler, cfg.choices.sampler, targets)
    if sampler.between_features and not learner.takes_examples:
        samplers.refuse_between_pixels(cfg.choices.sampler, cfg.choices.learner)
    if sampler.between_features and cfg.learner.get("train_views"):
        samplers.refuse_between_views(cfg.choices.sampler)
    if "loss" not in learner.ignores:
        refuse_other_task(loss, targets)
        fit_nothing(loss, targets)
    known = ("val_loss", "last", f"val_{targets.headline}")
    if "select_by" not in learner.ignores and cfg.select_by not in known:
        raise MedsmallError(
            f"select_by={cfg.select_by} is not for a {targets.task} task: set val_loss."
        )
