"""A cell in plain PyTorch: training, validation, and the test with all views."""

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch.nn.functional import binary_cross_entropy_with_logits

from medsmall.backbone import Backbone
from medsmall.batches.drawn import DrawnImages
from medsmall.case import Case
from medsmall.contract import made
from medsmall.model import AT_ONCE_ON_CPU


def bare(case: Case, data: DrawnImages) -> np.ndarray:
    """Train all layers on the batches of a cell, validate every epoch, return test probabilities.

    Network, views, optimizer and schedule are the cell's, with strategy=finetune_all; it takes the
    opened images, keeps the last epoch, and writes nothing. It scores as many images at a time as a
    cell does; only that BatchNorm is folded there is not done here.
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
        for part in ("val", "test"):  # thresholds come from the views of val
            few = [x for b in data.scoring(part) for x in b.images.split(AT_ONCE_ON_CPU)]
            scored = torch.cat([logits(x) for x in few]).view(-1, data.views).mean(1)
        return scored.sigmoid().numpy()
