"""Where the scatter of runs comes from: the draw, the training's seed, or the test patients.

D draws, each trained with the same S seeds, are a table of two crossed factors without
replication. Its mean squares give the variances (Searle, Casella and McCulloch, Variance
Components, 1992, chapter 4):

    E MS_draws = S draw + rest    E MS_seeds = D seed + rest    E MS_rest = rest

The mean of all runs varies by draw / D + seed / S + rest / (D S), which is
(MS_draws + MS_seeds - MS_rest) / (D S), and not by the scatter of D S independent runs.
"""

from typing import NamedTuple

import numpy as np

from medsmall.evaluation.comparison import Estimate
from medsmall.evaluation.influence import Floats, Score, covariance


class Noise(NamedTuple):
    """Variances of the score of one run: by `draw`, `seed`, the `rest`, and the test `patients`."""

    draw: float
    seed: float
    rest: float
    patients: float


def noise(scores: list[list[Score]]) -> Noise:
    """The parts of the variance; `scores` has a row per draw and a column per seed, 2 at least.

    A negative estimate counts as 0.
    """
    draws, seeds, rest = _mean_squares(scores)
    d, s = len(scores), len(scores[0])
    parts = (draws - rest) / s, (seeds - rest) / d, rest, _shared(scores)
    return Noise(*(max(part, 0.0) for part in parts))


def over_crossed(scores: list[list[Score]]) -> Estimate:
    """The mean of all runs; it has as few repeats as the shorter side of the table."""
    draws, seeds, rest = _mean_squares(scores)
    d, s = len(scores), len(scores[0])
    every = [one for row in scores for one in row]
    return Estimate(
        value=float(np.mean([one.value for one in every])),
        drawn=max(draws + seeds - rest, draws, seeds) / (d * s),
        tested=max(_shared(scores), 0.0),
        repeats=min(d, s),
        patients=min(one.patients for one in every),
    )


def _mean_squares(scores: list[list[Score]]) -> tuple[float, float, float]:
    y: Floats = np.array([[one.value for one in row] for row in scores])
    d, s = y.shape
    if min(d, s) < 2:
        raise ValueError("one draw or one seed has no variance")
    of_draw, of_seed = y.mean(1, keepdims=True), y.mean(0, keepdims=True)
    left = y - of_draw - of_seed + y.mean()
    rest = float((left**2).sum()) / ((d - 1) * (s - 1))
    return float(s * of_draw.var(ddof=1)), float(d * of_seed.var(ddof=1)), rest


def _shared(scores: list[list[Score]]) -> float:
    """The mean covariance over patients of two runs that differ in draw and seed."""
    d, s = len(scores), len(scores[0])
    found = covariance(np.stack([one.influence for row in scores for one in row]))
    draw, seed = np.divmod(np.arange(d * s), s)
    apart = (draw[:, None] != draw) & (seed[:, None] != seed)
    return float(found[apart].mean())
