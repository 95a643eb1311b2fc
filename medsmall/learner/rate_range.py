"""The range test of learning rates: the train loss while the rate rises from step to step.

Smith, Cyclical learning rates, WACV 2017. It sees train images alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
import torch
from rich.progress import track
from torch import nn

from medsmall.batches.batch import Batch
from medsmall.batches.drawn import DrawnImages
from medsmall.batches.order import TrainOrder
from medsmall.case import Case
from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.inference import autocast, device_of
from medsmall.initial import initial_model
from medsmall.learner.batchnorm import reestimate
from medsmall.learner.lightning.stages import Stages
from medsmall.loss import Loss
from medsmall.objective import Objective
from medsmall.strategy import Strategy
from medsmall.terminal import console

LOWEST, HIGHEST = 1e-6, 1.0
STEPS = 120
MEMORY = 0.9  # of the smoothed loss: it forgets a tenth at each step
DIVERGED = 4.0  # times the lowest smoothed loss: no higher rate is tried
BELOW = 10.0  # the suggestion lies that far below the rate of the lowest loss (Smith)


@dataclass(frozen=True)
class RateRange:
    """A range test.

    Attributes:
        steps: a row per step: `rate`, `loss`, `smoothed`.
        suggested: the learning rate at which the smoothed loss is lowest, divided by ten.
        at_end: whether that is the last rate tried, so that a higher one may be better.
        at_start: whether it is the first one, so that no rate lowered the loss.
    """

    steps: pd.DataFrame
    suggested: float
    at_end: bool
    at_start: bool = False


def rate_range(case: Case, data: DrawnImages) -> RateRange:
    """Train the last stage of the strategy, in which most trains, at rates from LOWEST to HIGHEST.

    Where the strategy has several rates, the rate is the largest of them, and the others keep their
    ratio to it. The network is discarded.
    """
    trainee = _Trainee(case, data)
    rates = np.geomspace(LOWEST, HIGHEST, STEPS)
    rows: list[dict[str, float]] = []
    running, lowest = 0.0, float("inf")
    for number, rate in enumerate(track(rates, "Rising rates", console=console, transient=True)):
        loss = trainee.step(float(rate))
        running = MEMORY * running + (1 - MEMORY) * loss
        smoothed = running / (1 - MEMORY ** (number + 1))
        if not np.isfinite(smoothed) or smoothed > DIVERGED * lowest:
            break
        rows.append({"rate": float(rate), "loss": loss, "smoothed": smoothed})
        lowest = min(lowest, smoothed)
    if len(rows) < 2:
        raise MedsmallError(
            f"The loss diverges at once, at a learning rate of {LOWEST:g}: look at the labels and "
            "the images (python -m medsmall.explore)."
        )
    steps = pd.DataFrame(rows)
    best = int(steps["smoothed"].argmin())
    return RateRange(steps, steps["rate"][best] / BELOW, best == STEPS - 1, best == 0)


class _Trainee:
    """A network that is trained a step at a time."""

    def __init__(self, case: Case, data: DrawnImages) -> None:
        cfg = case.cfg
        network, self.model, _ = initial_model(case)
        torch.manual_seed(cfg.seed)
        self.device, self.precision = device_of(cfg.trainer), str(cfg.trainer.precision)
        stages = Stages(network, made(cfg.strategy, Strategy))
        self.model.to(self.device).train()
        if stages.reestimates:
            reestimate(self.model, data.evenly("train"))
        last = len(stages.stages) - 1
        stages.apply(last)
        groups, self.shares = stages.optimizer_groups(), stages.rates(last)
        self.optimizer = torch.optim.AdamW(groups, weight_decay=stages.weight_decay)
        self.loss, self.objective = made(cfg.loss, Loss), made(cfg.objective, Objective)
        self.loss.fit(data.shown_labels, case.targets.task)
        cast(nn.Module, self.loss).to(self.device)
        self.loader = data.training(cfg.seed)
        self.epoch = -1
        self.batches: Iterator[Batch] = iter(())

    def step(self, rate: float) -> float:
        """One step with this as the largest rate; returns the loss before it."""
        for group, share in zip(self.optimizer.param_groups, self.shares, strict=True):
            group["lr"] = rate * share / max(self.shares)
        batch = self._next()
        labels = (batch.labels - self.model.offset) / self.model.scale
        with autocast(self.device, self.precision):
            each, weights = self.objective(self.model, batch._replace(labels=labels), self.loss)
        loss = each.sum() / weights.sum().clamp(min=1e-12)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def _next(self) -> Batch:
        batch = next(self.batches, None)
        while batch is None:
            self.epoch += 1
            cast(TrainOrder, self.loader.sampler).set_epoch(self.epoch)
            self.batches = iter(self.loader)
            batch = next(self.batches, None)
        return Batch(*(tensor.to(self.device) for tensor in batch))
