"""Where the scatter of runs comes from: the draw, the training's seed, or the test patients.

D draws, each trained with the same S seeds, are a table of two crossed factors without
replication. Its mean squares give the variances (Searle, Casella and McCulloch, Variance
Components, 1992, chapter 4):

    E MS_draws = S draw + residual    E MS_seeds = D seed + residual    E MS_residual = residual

The mean of all runs varies by draw / D + seed / S + residual / (D S), which is
(MS_draws + MS_seeds - MS_residual) / (D S), and not by the scatter of D S independent runs.
"""

from typing import NamedTuple

import numpy as np

from medsmall.evaluation.comparison import Estimate
from medsmall.evaluation.influence import Floats, Score, covariance


class Components(NamedTuple):
    """Variances of the score of one run: by `draw`, `seed`, `residual`, and test `patients`."""

    draw: float
    seed: float
    residual: float
    patients: float


def components(scores: list[list[Score]]) -> Components:
    """The parts of the variance; `scores` has a row per draw and a column per seed, 2 at least.

    They are unbiased, so they may be negative: average them before they count as 0. What differs
    between runs in how they suit the test patients belongs to `patients`, not to `residual`.
    """
    draws, seeds, residual = _mean_squares(scores)
    d, s = len(scores), len(scores[0])
    own, shared = _over_patients(scores)
    return Components(
        (draws - residual) / s, (seeds - residual) / d, residual - (own - shared), own
    )


def over_crossed(scores: list[list[Score]]) -> Estimate:
    """The mean of all runs, with the freedom of the shorter side of the table.

    Its variance counts as no less than either factor alone gives, as a difference of mean squares
    may come out too small, even below 0.
    """
    draws, seeds, residual = _mean_squares(scores)
    d, s = len(scores), len(scores[0])
    every = [one for row in scores for one in row]
    return Estimate(
        value=float(np.mean([one.value for one in every])),
        drawn=max(draws + seeds - residual, draws, seeds) / (d * s),
        tested=max(_over_patients(scores)[1], 0.0),
        repeats=d * s,
        patients=min(one.patients for one in every),
        freedom=min(d, s) - 1,
        single=max((draws - residual) / s, 0.0) + max((seeds - residual) / d, 0.0) + residual,
    )


def _mean_squares(scores: list[list[Score]]) -> tuple[float, float, float]:
    y: Floats = np.array([[one.value for one in row] for row in scores])
    d, s = y.shape
    if min(d, s) < 2:
        raise ValueError("one draw or one seed has no variance")
    of_draw, of_seed = y.mean(1, keepdims=True), y.mean(0, keepdims=True)
    left = y - of_draw - of_seed + y.mean()
    residual = float((left**2).sum()) / ((d - 1) * (s - 1))
    return float(s * of_draw.var(ddof=1)), float(d * of_seed.var(ddof=1)), residual


def _over_patients(scores: list[list[Score]]) -> tuple[float, float]:
    """The mean variance over patients of a run, and covariance of two of other draw and seed."""
    d, s = len(scores), len(scores[0])
    found = covariance(np.stack([one.influence for row in scores for one in row]))
    draw, seed = np.divmod(np.arange(d * s), s)
    apart = (draw[:, None] != draw) & (seed[:, None] != seed)
    return float(np.diag(found).mean()), float(found[apart].mean())
