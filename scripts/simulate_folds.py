"""How well verdicts and intervals of a cross-validation hold: prints a table of docs/statistics.md.

python scripts/simulate_folds.py [data sets per setting; 2000]

A classifier (ridge discriminant) is trained in each fold of a small data set, of normal classes.
Two arms see other features, equally informative, so no verdict is right. The true value of an arm's
interval is its expected AUROC over all such data sets, trained on as many images.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from medsmall.evaluation.comparison import over_folds, verdicts
from medsmall.evaluation.influence import Score, auroc
from medsmall.evaluation.intervals import of_mean

DIMENSIONS = 20  # of each arm
RIDGE = 5.0


class Setting(NamedTuple):
    """Images, half of them positive; folds; and the AUROC of the best classifier of an arm."""

    images: int
    folds: int
    best: float


class Told(NamedTuple):
    """The mean of folds of an arm, its expected value, whether it was decided, its interval."""

    mean: float
    true: float
    decided: bool
    low: float
    high: float


def trained(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The weights of a ridge discriminant."""
    means = [x[y == k].mean(0) for k in (0, 1)]
    inside = np.cov((x - np.stack(means)[y]).T) + RIDGE * np.eye(x.shape[1])
    return np.linalg.solve(inside, means[1] - means[0])


def area(y: np.ndarray, scores: np.ndarray) -> float:
    """AUROC; each image its own patient."""
    return auroc(y, scores, np.arange(len(y)), len(y))[0]


def one(of: Setting, rng: np.random.Generator) -> Told:
    """One data set: both arms cross-validated on the same folds."""
    apart = np.full(DIMENSIONS, np.sqrt(2 / DIMENSIONS) * norm.ppf(of.best))
    y = np.arange(of.images) % 2
    fold = np.arange(of.images) // 2 % of.folds
    arms = rng.standard_normal((2, of.images, DIMENSIONS)) + np.multiply.outer(y - 0.5, apart)
    found = np.zeros((2, of.folds))
    true = []
    for k in range(of.folds):
        for a, x in enumerate(arms):
            w = trained(x[fold != k], y[fold != k])
            found[a, k] = area(y[fold == k], x[fold == k] @ w)
            true.append(norm.cdf(w @ apart / np.sqrt(2 * w @ w)))
    rarer = of.images // 2
    verdict = verdicts([over_folds(found[0] - found[1], rarer)])[0]
    mean = over_folds(found[0], rarer)
    score = Score(mean.value, np.zeros(1), rarer, 0.5)
    limits = of_mean("auroc", score, mean.tested, mean.drawn, mean.freedom)
    assert limits is not None
    return Told(
        mean.value, float(np.mean(true)), verdict.word != "undecided", limits.low, limits.high
    )


def row(of: Setting, data_sets: int, seed: int) -> str:
    """False verdicts, the share of intervals that hold, the mean of folds less the truth."""
    rng = np.random.default_rng(seed)
    told = [one(of, rng) for _ in range(data_sets)]
    true = float(np.mean([t.true for t in told]))
    held = np.mean([t.low <= true <= t.high for t in told])
    wrong, bias = np.mean([t.decided for t in told]), np.mean([t.mean for t in told]) - true
    settings = f"{of.images} | {of.folds} | {of.best} | {true:.3f}"
    return f"| {settings} | {wrong:.1%} | {held:.1%} | {bias:+.3f} |"


def main() -> None:
    """A row per setting."""
    data_sets = int(sys.argv[1]) if sys.argv[1:] else 2000
    grid = [Setting(*of) for of in product((60, 100, 200), (5, 10), (0.75, 0.85, 0.95))]
    print("| images | folds | best possible | expected | false verdicts | held | bias |")
    print("|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor() as pool:
        for line in pool.map(row, grid, [data_sets] * len(grid), range(len(grid))):
            print(line, flush=True)


if __name__ == "__main__":
    main()
