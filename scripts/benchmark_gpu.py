"""Cells per hour on one GPU, alone and several at once, beside plain Lightning.

    python scripts/benchmark_cell.py --gpu [--data shared/data]

This has not been run on a GPU: there was none. DenseNet-121 with random weights, films of 250 px of
which 234 are shown, batches of 16, n = 400, 30 epochs, bfloat16. Each of 1, 2, 4 and 8 processes
runs one cell, its start included; a first cell, which is not timed, decodes the images.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run
from typing import Any

import pytorch_lightning as pl
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from medsmall.batches.drawn import DrawnImages
from medsmall.case import Case
from medsmall.configs import compose
from medsmall.initial import initial_model
from medsmall.pixels import open_images
from medsmall.resolve import resolve
from medsmall.train import execute

BASE = ["dataset=chest_xray", "backbone=densenet121", "pretraining=none", "image_size_px=250",
        "augmentation=paper", "batch_size=16", "sample_size.n=400", "strategy=finetune_all",
        "trainer=gpu"]  # fmt: skip
EPOCHS, AT_ONCE = 30, (1, 2, 4, 8)


class Plain(pl.LightningModule):
    """The least that Lightning needs to train the same network."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module

    def _loss(self, batch: Any) -> torch.Tensor:
        return binary_cross_entropy_with_logits(self.module(batch.images), batch.labels)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        """The loss."""
        return self._loss(batch)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """The loss, logged."""
        self.log("val_loss", self._loss(batch))

    def predict_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        """The outputs."""
        return self.module(batch.images)

    def configure_optimizers(self) -> Any:
        """AdamW in one cycle."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=1e-3, weight_decay=0.0)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-3, total_steps=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def plain_lightning(case: Case, data: DrawnImages, folder: str) -> None:
    """Train, validate every epoch and score the test views."""
    _, model, _ = initial_model(case)
    module = Plain(model)
    trainer = pl.Trainer(
        max_epochs=EPOCHS,
        accelerator="gpu",
        devices=1,
        precision="bf16-mixed",
        benchmark=True,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        use_distributed_sampler=False,
    )
    trainer.fit(module, data.training(case.cfg.seed), data.plain("val"))
    trainer.predict(module, data.scoring("test"))


def measure(options: argparse.Namespace) -> None:
    """Print cells per hour."""
    real = (options.data / "chest_xray").is_dir()
    with tempfile.TemporaryDirectory() as folder:
        films = [f"data_root={options.data.absolute()}"] if real else [
            "phantom=true", "dataset.phantom_patients=800"]  # fmt: skip
        base = [*BASE, *films, f"output_root={folder}"]
        execute(resolve(compose([*base, "trainer.max_epochs=1"])))
        base.append(f"trainer.max_epochs={EPOCHS}")
        case = resolve(compose(base))
        data, _ = open_images(case)
        data.prepared.check()
        started = time.perf_counter()
        plain_lightning(case, data, str(Path(folder) / "plain"))
        plain = time.perf_counter() - started
        started = time.perf_counter()
        execute(case)
        print(f"plain Lightning, one process: {3600 / plain:.0f} cells/h")
        print(f"medsmall, within a process: {3600 / (time.perf_counter() - started):.0f} cells/h")
        for processes in AT_ONCE:
            commands = [
                [sys.executable, "-m", "medsmall.train", *base,
                 f"sample_size.repeat={10 * processes + one}"]
                for one in range(processes)
            ]  # fmt: skip
            started = time.perf_counter()
            with ThreadPoolExecutor(processes) as pool:
                list(pool.map(lambda one: run(one, check=True, capture_output=True), commands))
            hours = (time.perf_counter() - started) / 3600
            print(f"medsmall, {processes} commands at once: {processes / hours:.0f} cells/h")
