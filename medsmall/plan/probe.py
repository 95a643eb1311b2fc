"""How fast this machine is: a few steps of the network of a run, on images of noise."""

import time
from collections.abc import Callable, Set
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from medsmall.augmentation import Augmentation
from medsmall.contract import build, made
from medsmall.features import Features
from medsmall.learner import Learner
from medsmall.parts import ignored
from medsmall.targets import Targets, targets_of

if TYPE_CHECKING:
    from medsmall.case import Case
    from medsmall.resolve import Drawn

TRIES = 3  # of each step; the first one warms up
IMAGES = 16  # in a batch that is scored
ALIKE = ("seed", "lr", "alpha", "weight_decay")  # whatever their value, it takes as long
START_S = 2.0  # of a cell besides: its network built, its images opened, its record written


class Job(NamedTuple):
    """A run to be timed."""

    cfg: DictConfig
    config: dict[str, Any]
    draw: pd.DataFrame
    augmentation: Augmentation
    targets: Targets

    @classmethod
    def of_draw(cls, of: "Drawn") -> "Job":
        """That of a cell."""
        dataset = of.data.dataset
        targets = targets_of(dataset.targets, dataset.task)
        return cls(of.cfg, of.config, of.draw, of.parts.augmentation, targets)

    @classmethod
    def of_case(cls, of: "Case") -> "Job":
        """That of an upstream."""
        return cls(of.cfg, of.config, of.draw, of.augmentation, of.targets)

    @property
    def decided_by(self) -> list[object]:
        """What decides the speed, as a key for `Once`."""
        parts = ("backbone", "learner", "features", "strategy", "augmentation")
        nodes = [{k: v for k, v in self.config[part].items() if k not in ALIKE} for part in parts]
        keys = ("image_size_px", "batch_size")
        random = self.config["pretraining"].get("random")
        return [nodes, *(self.config[key] for key in keys), random, len(self.targets.names)]


@dataclass(frozen=True)
class Speed:
    """What one network takes.

    Attributes:
        step: seconds of a training step, the mean over the stages of the strategy; 0 without one.
        score: seconds to score one view.
        augment: seconds to make one augmented view.
        bytes: of its weights.
    """

    step: float
    score: float
    augment: float
    bytes: int

    def seconds(self, job: Job, kept: Set[str] = frozenset()) -> float:
        """What a job with this network takes; of `kept` images it has the features already."""
        part = job.draw["part"].value_counts()
        train, val, test = (int(part.get(name, 0)) for name in ("train", "val", "test"))
        extra = job.augmentation.tta_views
        if not self.step:  # features, then a closed form
            new = job.draw.loc[~job.draw["image"].isin(kept), "part"]
            fitted_to = int(job.cfg.learner.get("train_views") or 0)
            augmented = extra * int(new.isin(["val", "test"]).sum())
            augmented += fitted_to * int((new == "train").sum())
            return START_S + (len(new) + augmented) * self.score + augmented * self.augment
        scored = (val + test) * ((1 + extra) * self.score + extra * self.augment)
        batch = int(job.cfg.batch_size)
        steps = max(1, round(train / batch))
        epoch = steps * (self.step + min(batch, train) * self.augment) + val * self.score
        return START_S + int(job.cfg.trainer.max_epochs) * epoch + scored


def probe(job: Job) -> Speed:
    """Time the steps of a run; nothing is kept."""
    import torch

    from medsmall.batches.views import augmented_side
    from medsmall.inference import device_of
    from medsmall.initial import new_model

    cfg, augmentation = job.cfg, job.augmentation
    if "backbone" in ignored(cfg, learner := made(cfg.learner, Learner)):
        return _without_network(cfg, learner)
    network, model = new_model(cfg, job.targets)
    model = model.to(device := device_of(cfg.trainer))
    side = augmented_side(augmentation, cfg.image_size_px, channels=1)
    images = torch.randint(0, 256, (IMAGES, 1, side, side), dtype=torch.uint8, device=device)

    def scored() -> None:
        with torch.inference_mode():
            float(model.eval()(images).sum())  # a GPU is waited for

    pipeline = augmentation.training()
    image = np.random.default_rng(0).integers(0, 256, (cfg.image_size_px,) * 2, dtype=np.uint8)

    def augmented() -> None:
        pipeline.begin(0)
        pipeline(image=image[..., None])

    return Speed(
        step=0.0 if "strategy" in build(cfg.learner).ignores else _step(cfg, network, model, side),
        score=_timed(scored) / IMAGES,
        augment=_timed(augmented, 10),
        bytes=sum(one.numel() * one.element_size() for one in model.state_dict().values()),
    )


def _without_network(cfg: DictConfig, learner: Learner) -> Speed:
    """That of features that no network gives, or of none at all."""
    image = np.random.default_rng(0).integers(0, 256, (cfg.image_size_px,) * 2, dtype=np.uint8)
    work = 0.0
    if "features" not in learner.ignores:
        features = made(cfg.features, Features)
        work = _timed(lambda: features.work(image))
    return Speed(step=0.0, score=work, augment=0.0, bytes=0)


def _step(cfg: DictConfig, network: Any, model: Any, side: int) -> float:
    """Seconds of a training step, the mean over the stages by their share of the steps."""
    import torch

    from medsmall.learner.lightning.stages import Stages
    from medsmall.strategy import Strategy

    device = next(model.parameters()).device
    batch = torch.randint(0, 256, (cfg.batch_size, 1, side, side), device=device)
    stages = Stages(network, made(cfg.strategy, Strategy))
    optimizer = torch.optim.AdamW(stages.optimizer_groups())

    def trained() -> None:
        optimizer.zero_grad()
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.step()
        float(loss)

    ends = [*(stage.at for stage in stages.stages[1:]), 1.0]
    total = 0.0
    for number, (stage, end) in enumerate(zip(stages.stages, ends, strict=True)):
        model.train()
        stages.apply(number)
        total += (end - stage.at) * _timed(trained)
    return total


def _timed(work: Callable[[], None], tries: int = TRIES) -> float:
    found = []
    for _ in range(tries):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return median(found[1:])
