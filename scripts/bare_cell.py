"""The arithmetic of a cell and nothing else: training, validation and test in plain PyTorch."""

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch.nn.functional import binary_cross_entropy_with_logits

from medsmall.backbone import Backbone
from medsmall.batches.drawn import DrawnImages
from medsmall.case import Case
from medsmall.contract import made


def bare(case: Case, data: DrawnImages) -> np.ndarray:
    """Train all layers on the batches of a cell, validate every epoch, return test probabilities.

    Network, views, optimizer and schedule are the cell's, with strategy=finetune_all; it takes the
    opened images, keeps the last epoch, and writes nothing.
    """
    cfg = case.cfg
    torch.manual_seed(cfg.seed)
    network = made(cfg.backbone, Backbone).build(1)
    mean, std, _ = case.source.open().load_into(network)
    mean, std = (torch.tensor(one).view(1, 3, 1, 1) for one in (mean, std))
    module = network.module.to(memory_format=torch.channels_last)

    def logits(images: torch.Tensor) -> torch.Tensor:
        x = (images.expand(-1, 3, -1, -1).float() / 255 - mean) / std
        return module(x.contiguous(memory_format=torch.channels_last))

    loader, epochs = data.training(cfg.seed), cfg.trainer.max_epochs
    optimizer = torch.optim.AdamW(module.parameters(), lr=cfg.strategy.lr, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=cfg.strategy.lr, total_steps=epochs * len(loader)
    )
    for epoch in range(epochs):
        loader.sampler.set_epoch(epoch)
        module.train()
        for batch in loader:
            optimizer.zero_grad()
            binary_cross_entropy_with_logits(logits(batch.images), batch.labels).backward()
            optimizer.step()
            schedule.step()
        module.eval()
        with torch.inference_mode():
            found = [(logits(batch.images), batch.labels) for batch in data.plain("val")]
            given, labels = (torch.cat(one) for one in zip(*found, strict=True))
            binary_cross_entropy_with_logits(given, labels).item()
            roc_auc_score(labels.numpy(), given.numpy())
    with torch.inference_mode():
        scored = [
            [logits(batch.images).view(-1, data.views).mean(1) for batch in data.scoring(part)]
            for part in ("val", "test")  # thresholds come from the views of val
        ]
        return torch.cat(scored[1]).sigmoid().numpy()
