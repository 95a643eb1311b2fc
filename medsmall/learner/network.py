"""Trains a network: the stages of the strategy, the schedule, the objective and the loss.

Torch and Lightning are imported where they are needed: a wrong value is told before.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from omegaconf import DictConfig

from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.strategy import Strategy
from medsmall.targets import Targets
from medsmall.task import Task

if TYPE_CHECKING:
    from medsmall.backbone import Network
    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.learner.lightning.classifier import Classifier
    from medsmall.learner.model import FittedModel
    from medsmall.logger import Logger
    from medsmall.model import Model


@dataclass(frozen=True)
class NetworkLearner:
    """Trains with Lightning and keeps the epoch that `select_by` of the case chooses.

    Where the strategy moves the last layer alone and no image is augmented, it trains on features
    that `medsmall.features` keeps for all runs.
    """

    label: str
    ignores: ClassVar[frozenset[str]] = frozenset({"features"})
    takes_examples: ClassVar[bool] = False

    def check(self, cfg: DictConfig, targets: Targets, side: int) -> None:
        """Build everything except the loaders, and discard it."""
        from medsmall.initial import new_model, try_out

        network, model = new_model(cfg, targets)
        try_out(model, side)

        from medsmall.inference import device_of
        from medsmall.learner.lightning.trainer import make_trainer

        make_trainer(cfg, logger=False, enable_checkpointing=False)  # checks the device
        device_of(cfg.trainer)
        _classifier(cfg, network, model)

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> "FittedModel":
        """Train from the initial weights and take the state of the chosen epoch."""
        import pytorch_lightning as pl

        from medsmall import logger
        from medsmall.backbone.adapters import merge_adapters
        from medsmall.backbone.summary import summary
        from medsmall.inference import device_of
        from medsmall.initial import initial_model
        from medsmall.learner.batchnorm import reestimate
        from medsmall.learner.head_alone import shortened
        from medsmall.learner.heads.last_layer import FittedLayer
        from medsmall.learner.lightning.chosen import ChosenEpoch, chosen_epoch
        from medsmall.learner.lightning.history import History
        from medsmall.learner.lightning.progress import TrainingProgress
        from medsmall.learner.lightning.trainer import interruptible, make_trainer
        from medsmall.learner.model import FittedModel
        from medsmall.learner.prevalence import for_validation, prevalence

        cfg, folder = case.cfg, case.record.folder
        select_by = case.select_by
        rises = select_by == f"val_{case.targets.headline}" and case.targets.rises
        network, model, initial = initial_model(case)
        pl.seed_everything(cfg.seed, verbose=False)  # whatever making and loading them drew
        classifier = _classifier(cfg, network, model)
        stages = [(stage.at, stage.trained) for stage in classifier.stages.stages]
        of_network = summary(network, stages)  # with adapters, which are merged at the end
        task = case.targets.task
        classifier.loss.fit(data.shown_labels, task)
        shown_positive = prevalence(classifier.loss, data.shown_labels, task)

        val = data.parts["val"].labels.double().numpy()
        classifier.shares = None if task == Task.REGRESSION else for_validation(shown_positive, val)

        written = History(folder / "history.csv", loggers)
        trainer = make_trainer(
            cfg,
            callbacks=[
                written,
                TrainingProgress(),
                ChosenEpoch(select_by, rises),
            ],
            logger=False,
            enable_checkpointing=False,
            default_root_dir=folder,
        )
        if trainer.world_size > 1 and not classifier.objective.image_by_image:
            raise MedsmallError(
                f"objective={cfg.choices.objective} mixes the images of a batch, so its result "
                "would depend on the number of processes: set trainer.devices=1."
            )
        in_processes = trainer.strategy.launcher is not None
        if in_processes:
            written.loggers = []  # other processes have none; the history is sent afterwards
        if classifier.stages.reestimates:
            reestimate(model.to(device_of(cfg.trainer)), data.evenly("train"))
            model.to("cpu")  # from where Lightning takes it to wherever it trains
        processes = trainer.world_size
        images, kept = (data, None) if in_processes else shortened(classifier, data, cfg)
        shown, chosen_by = images.training(cfg.seed, processes), images.plain("val", processes)
        with interruptible():
            trainer.fit(classifier, shown, chosen_by)
        merge_adapters(model.module)
        history = case.record.history
        if in_processes:
            logger.replay(loggers, history)
        fitted = FittedModel(
            model,
            data,
            history,
            chosen_epoch(history, select_by, rises),
            initial,
            shown_positive,
            device_of(cfg.trainer),
            cfg.trainer.precision,
            processes,
            of_network,
        )
        return FittedLayer(**vars(fitted), frozen=kept) if kept else fitted


def _classifier(cfg: DictConfig, network: "Network", model: "Model") -> "Classifier":
    from medsmall.learner.lightning.classifier import Classifier
    from medsmall.loss import Loss
    from medsmall.objective import Objective
    from medsmall.schedule import Schedule

    return Classifier(
        network,
        model,
        strategy=made(cfg.strategy, Strategy),
        schedule=made(cfg.schedule, Schedule),
        loss=made(cfg.loss, Loss),
        objective=made(cfg.objective, Objective),
    )
