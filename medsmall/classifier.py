"""The LightningModule: batch -> logits -> loss -> metrics. Knows no data set and no network."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
import torch.distributed as dist
from torch import Tensor

from medsmall.backbone.sync_batchnorm import synchronise
from medsmall.backbone.timm_network import Network
from medsmall.errors import MedsmallError
from medsmall.evaluation.metrics import evaluate
from medsmall.evaluation.regression import evaluate_regression
from medsmall.task import Task

SUITABLE_LOSS = {
    Task.BINARY: "bce",
    Task.MULTILABEL: "bce",
    Task.MULTICLASS: "cross_entropy",
    Task.REGRESSION: "mse",
}


class Classifier(pl.LightningModule):
    """Trains a network whose layer groups thaw as a strategy says.

    Args:
        network: with its layer groups, input to head.
        mean, std: three numbers each, see `normalise`.
        strategy, schedule, loss: as the packages of those names describe.
        targets: names of the K outputs.
        task: what kind of targets they are.
        views: views of each image that `predict_step` averages.
    """

    mean: Tensor
    std: Tensor
    offset: Tensor
    scale: Tensor

    def __init__(
        self,
        network: Network,
        mean: list[float],
        std: list[float],
        strategy: Any,
        schedule: Any,
        loss: Any,
        targets: list[str],
        task: Task,
        views: int,
    ) -> None:
        super().__init__()
        if task not in loss.tasks:
            raise MedsmallError(
                f"The loss {type(loss).__name__} is not for a {task} task (targets: "
                f"{', '.join(targets[:5])}{', ...' if len(targets) > 5 else ''}): set "
                f"loss={SUITABLE_LOSS[task]}."
            )
        self.network, self.module = network, network.module
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))
        self.register_buffer("std", torch.ones(1, 3, 1, 1))
        self.normalise(mean, std)
        self.strategy, self.schedule, self.loss = strategy, schedule, loss
        self.targets, self.views = targets, views
        self.task = task
        self.register_buffer("offset", torch.zeros(1, len(targets)))
        self.register_buffer("scale", torch.ones(1, len(targets)))
        depth = len(network.groups)
        self.rates = strategy.rates(depth)
        if not (min(self.rates) > 0 and strategy.weight_decay >= 0):
            raise MedsmallError(
                f"strategy.lr must be above 0 and strategy.weight_decay at least 0, but they are "
                f"{self.rates[-1]} and {strategy.weight_decay}."
            )
        self.training_groups: list[bool] = strategy.trains(depth, 0.0)
        self.modules_of = [network.modules_of(group) for group in range(depth)]
        self.seen: list[tuple[Tensor, Tensor]] = []
        self.train_loss: list[tuple[Tensor, Tensor]] = []

    def normalise(self, mean: list[float], std: list[float]) -> None:
        """Take the channel statistics, of grey levels in 0..1, that inputs are normalised with."""
        if not all(np.isfinite([*mean, *std])) or min(std) <= 0:
            raise MedsmallError(
                f"The weights come with mean {mean} and std {std}: set pretraining.mean and "
                f"pretraining.std to finite numbers, std above 0."
            )
        self.mean = torch.tensor(mean, dtype=torch.float32).view(1, 3, 1, 1)
        self.std = torch.tensor(std, dtype=torch.float32).view(1, 3, 1, 1)

    def standardise(self, labels: Tensor) -> None:
        """Learn to predict (label - mean) / standard deviation of the train `labels` (N, K).

        Continuous labels alone: a head that begins near 0 is hundreds of months off otherwise.
        """
        if self.task is Task.REGRESSION:
            self.offset = labels.nanmean(0, keepdim=True).float()
            variance = ((labels - self.offset) ** 2).nanmean(0, keepdim=True)
            self.scale = variance.sqrt().clamp(min=1e-6).float()

    @torch.no_grad()
    def try_out(self, side: int) -> None:
        """One forward pass of `side` x `side` px; MedsmallError if the network refuses the size."""
        self.eval()
        try:
            self(torch.zeros(1, 1, side, side, dtype=torch.uint8))
        except (AssertionError, RuntimeError, ValueError) as error:
            raise MedsmallError(
                f"{self.network.architecture} cannot take {side} x {side} px (image_size_px times "
                f"augmentation.crop): {str(error).splitlines()[0].rstrip('.')}. Set another "
                f"image_size_px, or augmentation.crop=1, or another backbone."
            ) from error
        self.train()

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, K) of uint8 images (B, C, H, W), C 1 or 3."""
        x = (images.expand(-1, 3, -1, -1).float() / 255 - self.mean) / self.std
        # what tensor cores and oneDNN compute in: on a CPU it saves a third of the time
        return self.module(x.contiguous(memory_format=torch.channels_last))

    def predictions(self, logits: Tensor) -> np.ndarray:
        """float64 (N, K): probabilities, or for regression values in the unit of the targets."""
        z = logits.double()
        if self.task is Task.REGRESSION:
            return (z * self.scale.to(z) + self.offset.to(z)).cpu().numpy()
        return (z.softmax(1) if self.task is Task.MULTICLASS else z.sigmoid()).cpu().numpy()

    def configure_optimizers(self) -> Any:
        """AdamW with one parameter group per layer group, at the strategy's rates."""
        parameters = dict(self.module.named_parameters())
        optimizer = torch.optim.AdamW(
            [
                {"params": [parameters[name] for name in group], "lr": rate}
                for group, rate in zip(self.network.groups, self.rates, strict=True)
            ],
            weight_decay=self.strategy.weight_decay,
        )
        steps = int(self.trainer.estimated_stepping_batches)
        return {
            "optimizer": optimizer,
            "lr_scheduler": self.schedule.configure(optimizer, steps),
        }

    def setup(self, stage: str) -> None:
        """Prepare for several processes, and for the layout that devices prefer."""
        if self.trainer.world_size > 1:
            synchronise(self.module)
        self.module.to(memory_format=torch.channels_last)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Thaw what is due; what stays frozen keeps its tensors and BatchNorm statistics.

        Not earlier than the first batch: DistributedDataParallel synchronises only what could
        train when it was wrapped around the module.
        """
        progress = self.global_step / int(self.trainer.estimated_stepping_batches)
        self.training_groups = self.strategy.trains(len(self.network.groups), progress)
        self.apply_training_groups()

    def apply_training_groups(self) -> None:
        """Set `requires_grad` and train/eval mode of every layer group."""
        parameters = dict(self.module.named_parameters())
        for group, trains in enumerate(self.training_groups):
            for name in self.network.groups[group]:
                parameters[name].requires_grad_(trains)
            for module in self.modules_of[group]:
                module.training = trains  # train() would reach modules of other groups inside it

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """The mean loss over the known labels of the batch, of all processes together."""
        images, labels = batch
        total, weight = self.loss(self(images), (labels - self.offset) / self.scale)
        everywhere = weight.detach().clone()
        processes = self._add_up(everywhere)
        self.train_loss.append((total.detach(), weight.detach()))
        # DDP averages gradients over processes: the factor makes that the gradient of the mean
        return total * processes / everywhere.clamp(min=1e-12)

    @staticmethod
    def _add_up(value: Tensor) -> int:
        """Add `value` up over the processes, in place; returns how many there are."""
        if not (dist.is_available() and dist.is_initialized()):
            return 1
        dist.all_reduce(value)
        return dist.get_world_size()

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Keep logits and labels: the metrics need all of them at once."""
        images, labels = batch
        self.seen.append((self(images).float(), labels))

    def on_validation_epoch_end(self) -> None:
        """Log train_loss, val_loss (unweighted) and, over the targets, the mean AUROC or MAE.

        They are of single images, also where the test is scored by study. The loss of a regression
        is of standardised labels, the mean absolute error in their own unit.
        """
        if self.train_loss:
            sums = torch.stack([torch.stack(step) for step in self.train_loss]).sum(0)
            self.train_loss.clear()
            self._add_up(sums)
            self.log("train_loss", sums[0] / sums[1].clamp(min=1e-12))
        logits, labels = (torch.cat(part) for part in zip(*self.seen, strict=True))
        self.seen.clear()
        if not logits.isfinite().all():
            raise MedsmallError(
                f"The training diverged in epoch {self.current_epoch + 1}: lower strategy.lr (it "
                f"is {self.rates[-1]:g}), or set trainer.gradient_clip_val=1."
            )
        for name, value in self._validation_metrics(labels.double(), logits.double()).items():
            self.log(name, float("nan") if value is None else value)

    def _validation_metrics(self, labels: Tensor, logits: Tensor) -> dict[str, float | None]:
        if self.task is Task.REGRESSION:
            y = labels.cpu().numpy()
            found = evaluate_regression(y, self.predictions(logits), self.targets)
            standard = ((labels - self.offset) / self.scale).cpu().numpy()
            loss = evaluate_regression(standard, logits.cpu().numpy(), self.targets)["loss"]
            return {"val_loss": loss, "val_mae": found["mean"]["mae"]}
        y, prob = labels.cpu().numpy(), self.predictions(logits)
        found = evaluate(y, prob, self.targets, self.task)
        return {"val_loss": found["loss"], "val_auroc": found["mean"]["auroc"]}

    def predict_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Logits (images, K) averaged over the views of each image."""
        logits = self(batch[0]).float()
        return logits.view(-1, self.views, logits.shape[1]).mean(1)
