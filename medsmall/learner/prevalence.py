"""The share of positives in training, the threshold where validation is too small to choose one."""

import numpy as np
import torch
from torch import Tensor

from medsmall.loss import Loss


@torch.no_grad()
def prevalence(loss: Loss, labels: Tensor) -> np.ndarray:
    """The share of positives among `labels` (N, K), weighted by a fitted `loss`: float64 (K,)."""
    weights = loss(torch.zeros_like(labels), labels)[1]
    shares: Tensor = (weights * labels.nan_to_num()).sum(0) / weights.sum(0)
    return shares.double().numpy()
