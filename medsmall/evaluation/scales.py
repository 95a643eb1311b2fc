"""The scale of each metric: its ends, its loss, and where its intervals are symmetric.

Scores between two ends are on the logit scale, errors and R2 on the logarithm of their loss, as in
`medsmall.evaluation.intervals`.
"""

import numpy as np
from scipy.special import expit, logit

LOWER_IS_BETTER = ("mae", "rmse")
TINY = 1e-9


def lowest(metric: str) -> float | None:
    """The lowest value of a score that is 1 at best; None of errors and R2, which have no end."""
    if metric in (*LOWER_IS_BETTER, "mean_error", "r2"):
        return None
    return -1.0 if metric == "cohen_kappa" else 0.0


def loss_of(score: float, metric: str) -> float:
    """What a score lacks to 1, or an error itself; of a loss, the score."""
    return score if metric in LOWER_IS_BETTER else 1 - score


def scaled(score: float, metric: str) -> float:
    """A score on its scale; the ends themselves are moved inside."""
    if (least := lowest(metric)) is None:
        return float(np.log(max(loss_of(score, metric), TINY)))
    return float(logit(np.clip((score - least) / (1 - least), TINY, 1 - TINY)))


def unscaled(value: float, metric: str) -> float:
    """The score of a value on its scale."""
    if (least := lowest(metric)) is None:
        return loss_of(float(np.exp(value)), metric)
    return least + (1 - least) * float(expit(value))


def slope(score: float, metric: str) -> float:
    """How much a score changes with its value on the scale; 0 at the ends."""
    if (least := lowest(metric)) is None:
        return loss_of(score, metric)
    return (score - least) * (1 - score) / (1 - least)
