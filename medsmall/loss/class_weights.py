"""Weights that balance the classes of a draw."""

import torch
from torch import Tensor

from medsmall.errors import MedsmallError


def balanced(counts: Tensor, beta: float | None = None) -> Tensor:
    """w_i = total / (classes * n_i) for `counts` (A, ...) of A classes; 1 for an absent class.

    With `beta` the effective number (1 - beta^n) / (1 - beta) stands in for n (Cui et al., CVPR
    2019): images of a class repeat each other, so a large one weighs more than by its count.
    """
    n = counts.double() if beta is None else (1 - beta ** counts.double()) / (1 - beta)
    weights = torch.where(counts > 0, n.sum(0) / (len(counts) * n), 1.0)
    # whatever beta, the mean weight over the images is 1 where no class is absent
    there = torch.where(counts > 0, counts.double(), 0.0)
    mean = (weights * there).sum(0) / there.sum(0).clamp(min=1e-300)
    full = (counts > 0).all(0)
    return torch.where(full, weights / torch.where(full, mean, 1.0), weights).float()


def check_beta(beta: float | None) -> None:
    """MedsmallError unless it lies between 0 and 1, or is null."""
    if beta is not None and not 0 < beta < 1:
        raise MedsmallError(
            f"loss.beta must lie between 0 and 1, such as 0.99, but is {beta:g}: near 1 it weighs "
            "classes by 1 / n, near 0 all alike."
        )
