"""The parts of a run, made before any data are read: a value out of range is told in seconds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from medsmall.contract import build, made

if TYPE_CHECKING:
    from medsmall.augmentation import Augmentation
    from medsmall.learner import Learner
    from medsmall.loss import Loss
    from medsmall.pretraining import Pretraining
    from medsmall.sample_size import SampleSize
    from medsmall.split import Split


@dataclass(frozen=True)
class Parts:
    """What identifies a run; a learner makes the others itself, with the network they are for."""

    split: "Split"
    sample_size: "SampleSize"
    augmentation: "Augmentation"
    pretraining: "Pretraining"
    loss: "Loss"
    learner: "Learner"


def parts_of(cfg: DictConfig) -> Parts:
    """Make every part of `cfg`, those first that import the least.

    Raises MedsmallError for a value that a part refuses.
    """
    from medsmall.audit.findings import check_allowed
    from medsmall.sample_size import SampleSize
    from medsmall.split import Split

    check_allowed(cfg.audit.allow)
    build(cfg.dataset)
    split, sample_size = made(cfg.split, Split), made(cfg.sample_size, SampleSize)

    from medsmall.augmentation import Augmentation
    from medsmall.backbone import Backbone
    from medsmall.loss import Loss
    from medsmall.objective import Objective
    from medsmall.pretraining import Pretraining
    from medsmall.schedule import Schedule
    from medsmall.strategy import Strategy

    for node, contract in (
        (cfg.strategy, Strategy),
        (cfg.schedule, Schedule),
        (cfg.objective, Objective),
        (cfg.backbone, Backbone),
    ):
        made(node, contract)
    loss, augmentation = made(cfg.loss, Loss), made(cfg.augmentation, Augmentation)
    pretraining = made(cfg.pretraining, Pretraining)

    from medsmall.learner import Learner

    learner = made(cfg.learner, Learner)
    return Parts(split, sample_size, augmentation, pretraining, loss, learner)
