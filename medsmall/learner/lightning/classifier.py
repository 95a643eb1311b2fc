"""The LightningModule: batch -> objective -> loss -> step, and the validation metrics."""

from typing import Any, cast

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torchmetrics import SumMetric

from medsmall.backbone import Network
from medsmall.batches.batch import Batch
from medsmall.errors import MedsmallError
from medsmall.evaluation.prior_shift import Shares
from medsmall.learner.lightning.gathered import Gathered
from medsmall.learner.lightning.stages import Stages
from medsmall.learner.lightning.sync_batchnorm import synchronise
from medsmall.loss import Loss, refuse_other_task
from medsmall.model import Model
from medsmall.objective import Objective
from medsmall.schedule import Schedule
from medsmall.strategy import Strategy


class Classifier(pl.LightningModule):
    """Trains the `network` of a `model`, in the stages of a strategy."""

    def __init__(
        self,
        network: Network,
        model: Model,
        strategy: Strategy,
        schedule: Schedule,
        loss: Loss,
        objective: Objective,
    ) -> None:
        super().__init__()
        refuse_other_task(loss, model.targets)
        self.model, self.loss, self.objective = model, loss, objective
        self.schedule = schedule
        self.stages = Stages(network, strategy)
        # not a MeanMetric, which forgets the weights if NaN is allowed (torchmetrics #3434)
        self.losses, self.weights = (SumMetric(nan_strategy="disable") for _ in range(2))
        self.validated = Gathered()
        self.shares: Shares | None = (
            None  # of the classes, where validation has others than the fit
        )

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole training."""
        return int(self.trainer.estimated_stepping_batches)

    def configure_optimizers(self) -> Any:
        """AdamW with one parameter group per group of the strategy, at its rates."""
        optimizer = torch.optim.AdamW(
            self.stages.optimizer_groups(), weight_decay=self.stages.weight_decay
        )
        steps = self.stages.steps_of_schedule(0, self.total_steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": self.schedule.configure(optimizer, steps),
        }

    def setup(self, stage: str) -> None:
        """Prepare for several processes."""
        if self.trainer.world_size > 1:
            synchronise(self.model.module)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Begin a stage that is due; what stays frozen keeps its tensors and statistics.

        Not earlier than the first batch: DistributedDataParallel synchronises only what could
        train when it was wrapped around the module. And at every batch, as Lightning sets the
        train mode of all layers after each validation.
        """
        number = self.stages.at(self.global_step, self.total_steps)
        if self.stages.begins(number) and self.stages.restarts:
            self._restart_schedule(number)
        self.stages.apply(number)

    def _restart_schedule(self, number: int) -> None:
        optimizer = self.trainer.optimizers[0]
        for group, rate in zip(optimizer.param_groups, self.stages.rates(number), strict=True):
            group["lr"] = rate
            group.pop("initial_lr", None)  # a schedule takes it for the rate to begin from
        steps = self.stages.steps_of_schedule(number, self.total_steps)
        schedule = self.schedule.configure(optimizer, steps)
        self.trainer.lr_scheduler_configs[0].scheduler = schedule["scheduler"]

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The mean loss over the known labels of the batch, of all processes together."""
        labels = (batch.labels - self.model.offset) / self.model.scale
        each, weights = self.objective(self.model, batch._replace(labels=labels), self.loss)
        total, weight = each.sum(), weights.sum()
        self.losses.update(total.detach())
        self.weights.update(weight.detach())
        everywhere = cast(Tensor, self.all_gather(weight.detach()))
        processes = everywhere.numel()
        # DDP averages gradients over processes: the factor makes that the gradient of the mean
        return total * processes / everywhere.sum().clamp(min=1e-12)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Keep outputs and labels: the metrics need all of them at once."""
        self.validated.update(self.model.outputs(batch.images), batch.labels)

    def on_validation_epoch_end(self) -> None:
        """Log train_loss, val_loss (unweighted) and the headline metric, the mean over targets.

        They are of single images, also where the test is scored by study. The loss of numbers is
        of standardised labels, their mean absolute error in their own unit.
        """
        if self.weights.update_called:  # not where a validation comes without a training
            self.log("train_loss", self.losses.compute() / self.weights.compute().clamp(min=1e-12))
            self.losses.reset()
            self.weights.reset()
        outputs, labels = self.validated.compute()
        self.validated.reset()
        if not outputs.isfinite().all():
            raise MedsmallError(
                f"The training diverged in epoch {self.current_epoch + 1}: lower strategy.lr (it "
                f"is {self.stages.largest_rate:g}), or set trainer.gradient_clip_val=1."
            )
        found = self.model.targets.validation(
            labels.double().cpu().numpy(),
            self._for_validation(self.model.predictions(outputs)),
            self.model.scale.double().cpu().numpy(),
        )
        for name, value in found.items():
            self.log(f"val_{name}", float("nan") if value is None else value)

    def _for_validation(self, predicted: np.ndarray) -> np.ndarray:
        """Predictions (N, K) for the classes as validation has them."""
        if self.shares is None:
            return predicted
        corrected = self.model.targets.corrected(predicted, self.shares)
        return predicted if corrected is None else corrected
