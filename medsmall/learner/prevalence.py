"""What a fit says of an image it has not seen: the shares of the classes, as its loss has them."""

import numpy as np
import torch
from torch import Tensor

from medsmall.evaluation.prior_shift import Shares
from medsmall.loss import Loss
from medsmall.loss.alternatives import counts
from medsmall.task import Task

FLAT = 1e-6  # the slope where the search ends
CHANCE = 2.0  # standard errors of a share
ABSENT = -30.0  # the logit of a class without images


def prevalence(loss: Loss, labels: Tensor, task: Task) -> np.ndarray:
    """The probabilities of least `loss` that are equal for all images: float64 (K,).

    `labels` (N, K) are the train labels as often as they are shown, NaN unknown; the loss was
    fitted to them. For the cross-entropy they are the shares of positives, or of the classes, by
    its weights. Weights that balance make them equal; so does adjusting the logits; the focal loss
    draws them together. 0 or 1 where one class is present, NaN where nothing is known.
    """
    if task == Task.REGRESSION:
        return labels.nanmean(0).double().numpy()
    held = counts(labels, task)
    if task == Task.MULTICLASS:
        probes, held = torch.eye(labels.shape[1]), held.T  # (A, K), (A, 1)
    else:
        probes, held = torch.tensor([[0.0], [1.0]]).expand(2, labels.shape[1]), held.T
    weights = loss(torch.zeros_like(probes), probes)[1] * held
    shares = weights[:, 0] if task == Task.MULTICLASS else weights[1]
    shares = (shares / weights.sum(0)).double()
    if not ((shares > 0) & (shares < 1)).any():
        return shares.numpy()
    return _least(loss, probes, held, shares, task).numpy()


def _least(loss: Loss, probes: Tensor, held: Tensor, shares: Tensor, task: Task) -> Tensor:
    """Beginning at `shares` (K,): of the cross-entropy they are the answer, and stay."""
    inner = (shares > 0) & (shares < 1)
    whole = task == Task.MULTICLASS
    start = torch.where(inner, shares.log() if whole else shares.logit(), ABSENT)
    z = start.clone().requires_grad_()
    search = torch.optim.LBFGS(
        [z], max_iter=100, tolerance_grad=FLAT, line_search_fn="strong_wolfe"
    )
    counted = held / held.sum()

    def value() -> Tensor:
        search.zero_grad()
        outputs = torch.where(inner, z, ABSENT).float()
        each = loss(outputs.expand_as(probes), probes)[0]
        mean = (each * counted).sum()
        mean.backward()
        return mean

    search.step(value)
    found = z.detach()
    if found.equal(start):
        return shares
    if not whole:
        return torch.where(inner, found.sigmoid(), shares)
    present = torch.where(inner, found.softmax(0), 0.0)  # nothing is known of an absent class
    return present / present.sum()


def for_validation(fit: np.ndarray, labels: np.ndarray) -> Shares | None:
    """The shares by which validation `labels` (N, K) are scored; None where they are as in the fit.

    Where training was balanced and validation is not, the plain likelihood would choose an epoch
    that has learnt least. A difference within two standard errors is chance.
    """
    count = (~np.isnan(labels)).sum(0)
    share = np.where(count > 0, np.nansum(labels, axis=0) / np.maximum(count, 1), np.nan)
    shares = Shares(fit, share)
    error = np.sqrt(share * (1 - share) / np.maximum(count, 1))
    far = shares.known & (np.abs(fit - share) > CHANCE * error)
    return shares if far.any() and shares.differ else None
