"""Fits through Lightning that note, step by step, what moved and at which rate."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from prepared import prepared_of

from medsmall.augmentation.none import NoAugmentation
from medsmall.backbone import Network
from medsmall.backbone.timm_network import TimmNetwork
from medsmall.batches.drawn import DrawnImages
from medsmall.learner.lightning.classifier import Classifier
from medsmall.loss.bce import BCE
from medsmall.model import Model
from medsmall.objective.supervised import Supervised
from medsmall.schedule.one_cycle import OneCycle
from medsmall.targets import targets_of
from medsmall.task import Task

LR = 1e-3
PAPERS_CYCLE = OneCycle(warmup=0.3, start_divisor=25.0, end_divisor=1e4, cycle_momentum=True)
# its last steps are smaller than the distance between float32 numbers; these are not
FLAT_CYCLE = OneCycle(warmup=0.3, start_divisor=2.0, end_divisor=2.0, cycle_momentum=True)
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass
class Recorder(pl.Callback):
    """Notes at each step which tensors it changed, and the rates it was made with."""

    network: Network
    changed: list[set[str]] = field(default_factory=list)
    rates: list[list[float]] = field(default_factory=list)
    with_moments: list[set[str]] = field(default_factory=list)
    between: list[set[str]] = field(default_factory=list)
    state: dict[str, torch.Tensor] = field(default_factory=dict)

    def differences(self) -> set[str]:
        before = self.state
        self.state = {k: v.clone() for k, v in self.network.module.state_dict().items()}
        return {name for name, tensor in self.state.items() if not tensor.equal(before[name])}

    def on_train_start(self, trainer, module):
        self.state = {k: v.clone() for k, v in self.network.module.state_dict().items()}

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        self.between.append(self.differences())

    def on_before_optimizer_step(self, trainer, module, optimizer):
        self.rates.append([group["lr"] for group in optimizer.param_groups])

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.changed.append(self.differences())
        moments = trainer.optimizers[0].state
        named = self.network.module.named_parameters()
        self.with_moments.append({name for name, p in named if moments.get(p)})


def tensors_of(network: Network, group: int) -> set[str]:
    """Names of the parameters of a group and of the statistics that stand beside them."""
    layers = {name.rpartition(".")[0] for name in network.groups[group]}
    return {
        name
        for name in network.module.state_dict()
        if name in network.groups[group]
        or (name.endswith(STATISTICS) and name.rpartition(".")[0] in layers)
    }


def fit(strategy, architecture="test_resnet", epochs=3, steps=5, accumulate=1, schedule=FLAT_CYCLE):
    """Fit `epochs` of `steps` batches of four, each followed by a validation."""
    torch.manual_seed(0)
    network = TimmNetwork(architecture, None, None).build(1)
    with torch.no_grad():  # residual branches begin with scale 0 and would have no gradient
        for parameter in network.module.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    rng = np.random.default_rng(0)
    images = 4 * steps + 6
    draw = pd.DataFrame(
        {
            "image": [f"{i}.png" for i in range(images)],
            "part": ["train"] * (4 * steps) + ["val"] * 6,
            "Hernia": [0.0, 1.0] * (images // 2),
        }
    )
    pixels = torch.from_numpy(rng.integers(0, 256, (images, 32, 32, 1), dtype=np.uint8))
    data = DrawnImages(draw, prepared_of(pixels, draw), ["Hernia"], NoAugmentation(), 4, workers=0)
    loss = BCE(weighted=False)
    loss.fit(data.shown_labels, Task.BINARY)
    targets = targets_of(["Hernia"], Task.BINARY)
    model = Model(network.module, network.architecture, targets, network.mean, network.std)
    classifier = Classifier(network, model, strategy, schedule, loss, Supervised())
    recorder = Recorder(network)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        devices=1,
        callbacks=[recorder],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        accumulate_grad_batches=accumulate,
    )
    trainer.fit(classifier, data.training(seed=0), data.plain("val"))
    return network, recorder


def assert_trained(network: Network, recorder: Recorder, thaw_steps: list[int]) -> None:
    """Every tensor of group g changes in each step from thaw_steps[g] on, and in none before."""
    groups = [tensors_of(network, g) for g in range(len(network.groups))]
    assert set().union(*groups) == set(network.module.state_dict())
    for step, changed in enumerate(recorder.changed):
        trained = [names for names, at in zip(groups, thaw_steps, strict=True) if step >= at]
        assert changed == set().union(*trained), f"step {step}"
        moved = {n for n in changed if not n.endswith(STATISTICS)}
        assert recorder.with_moments[step] == moved, f"step {step}"
    assert recorder.between == [set()] * len(recorder.changed), "a tensor changed between steps"
