"""What an image can have: absent or present for each finding, or one of several classes.

Losses that hold for findings and for classes are written once, over these alternatives.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from medsmall.task import Task


class Alternatives(NamedTuple):
    """Of B images and K targets, each with A alternatives that exclude each other.

    A finding has two, absent and present; exclusive classes are one target with an alternative for
    each class.
    """

    log_p: Tensor  # float32 (B, K, A), their log probabilities
    shares: Tensor  # (B, K, A), of the labels: 0 or 1, or soft; 0 where the label is unknown
    known: Tensor  # bool (B, K)


def alternatives(outputs: Tensor, labels: Tensor, task: Task) -> Alternatives:
    """Those of logits (B, K) and labels (B, K), NaN unknown; classes: (B, 1, K)."""
    z = outputs.float()
    shares = shares_of(labels, task)
    known = ~shares.isnan().any(2)
    if task == Task.MULTICLASS:
        log_p = z.log_softmax(1)[:, None]
    else:
        log_p = torch.stack([F.logsigmoid(-z), F.logsigmoid(z)], 2)
    return Alternatives(log_p, torch.where(known[..., None], shares, 0.0), known)


def shares_of(labels: Tensor, task: Task) -> Tensor:
    """The share (N, K, A) of each alternative, NaN unknown."""
    if task == Task.MULTICLASS:
        return torch.where(labels.isnan().any(1, keepdim=True), torch.nan, labels)[:, None]
    return torch.stack([1 - labels, labels], 2)


def counts(labels: Tensor, task: Task) -> Tensor:
    """Images (K, A) of each alternative; soft labels count by their shares."""
    return shares_of(labels, task).nansum(0)
