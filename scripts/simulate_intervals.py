"""How often a 95% interval holds the true score: prints the table of docs/statistics.md.

python scripts/simulate_intervals.py [draws per setting; 1000]

Test patients are drawn at random, of two classes. Scores are binormal: a part that a patient's
images share, and each image's own. A patient has from 1 to a largest number of images, at random;
all of one class, or (mixed) a third of them of the other. For numbers, the same scores are errors.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from medsmall.evaluation import scored
from medsmall.evaluation.influence import Codes, Floats, Score
from medsmall.evaluation.intervals import interval

FINDING = (
    "auroc", "average_precision", "accuracy", "balanced_accuracy", "sensitivity", "specificity",
    "f1", "cohen_kappa",
)  # fmt: skip
QUANTITY = ("mae", "r2")
MANY = 100_000  # patients of the sample that gives the true values


class Setting(NamedTuple):
    """One kind of test set; `ratio` is the spread of positive scores over that of negative ones."""

    positives: int
    negatives: int
    most_images: int
    correlation: float
    mixed: bool
    area: float
    ratio: float


def settings() -> Iterator[Setting]:
    """The grid: expected patients, images of a patient and their likeness, AUROC, spread."""
    sizes = [(5, 100), (15, 15), (15, 100), (30, 70), (50, 500), (200, 200)]
    clusters = [(1, 0.0, False), (3, 0.5, False), (8, 0.3, False), (8, 0.7, False), (8, 0.5, True)]
    for size, cluster, area, ratio in product(sizes, clusters, (0.6, 0.8, 0.9, 0.97), (1.0, 1.5)):
        yield Setting(*size, *cluster, area, ratio)


def sample(of: Setting, patients: int, rng: np.random.Generator) -> tuple[Floats, Floats, Codes]:
    """Labels, scores (not probabilities) and patients of one test set."""
    ill = rng.random(patients) < of.positives / (of.positives + of.negatives)
    patient = np.repeat(np.arange(patients), rng.integers(1, of.most_images + 1, patients))
    y = ill[patient]
    if of.mixed:
        y = y ^ (rng.random(len(y)) < 1 / 3)
    noise = np.sqrt(of.correlation) * rng.standard_normal(patients)[patient]
    noise += np.sqrt(1 - of.correlation) * rng.standard_normal(len(y))
    return y.astype(float), np.where(y, 2 * cut(of) + of.ratio * noise, noise), patient


def cut(of: Setting) -> float:
    """The threshold: halfway between the mean scores of both classes."""
    return float(stats.norm.ppf(of.area) * np.sqrt(1 + of.ratio**2) / 2)


def scores(of: Setting, patients: int, rng: np.random.Generator) -> dict[str, Score | None]:
    """All metrics of one test set."""
    y, score, patient = sample(of, patients, rng)
    known = (patient, patients)
    found = {m: scored.of_finding(m, y, score, score >= cut(of), *known) for m in FINDING}
    return found | {m: scored.of_quantity(m, y, score, *known) for m in QUANTITY}


def covered(of: Setting, draws: int, seed: int) -> dict[str, float]:
    """The share of `draws` whose interval holds the truth; NaN where most have no interval."""
    rng = np.random.default_rng(seed)
    truth = scores(of, MANY, rng)
    held: dict[str, list[bool]] = {metric: [] for metric in truth}
    for _ in range(draws):
        for metric, score in scores(of, of.positives + of.negatives, rng).items():
            found = interval(metric, score) if score else None
            if found:
                held[metric].append(found.low <= truth[metric].value <= found.high)
    return {m: float(np.mean(h)) if len(h) > draws / 2 else np.nan for m, h in held.items()}


def main() -> None:
    """A row per kind of test set: the least and the largest coverage over AUROCs and spreads."""
    draws = int(sys.argv[1]) if sys.argv[1:] else 1000
    grid = list(settings())
    with ProcessPoolExecutor() as pool:
        shares = list(pool.map(covered, grid, [draws] * len(grid), range(len(grid))))
    found = pd.concat([pd.DataFrame(grid), pd.DataFrame(shares)], axis=1)
    metrics = [*FINDING, *QUANTITY]
    print("| patients | images | correlation |", " | ".join(metrics), "|")
    print("|---" * (3 + len(metrics)) + "|")
    for key, rows in found.groupby(list(Setting._fields[:5]), sort=False):
        positives, negatives, most, correlation, mixed = key
        cells = [
            "too few" if np.isnan(one.mean()) else f"{100 * one.min():.1f}–{100 * one.max():.1f}"
            for one in (rows[metric] for metric in metrics)
        ]
        words = [f"{positives} + {negatives}", f"1–{most}" if most > 1 else "1",
                 f"{correlation}{' (mixed)' * mixed}" if most > 1 else "–"]  # fmt: skip
        print("|", " | ".join([*words, *cells]), "|", flush=True)
    for metric in metrics:
        known = found[metric].dropna()
        inside = known.between(0.92, 0.98).mean()
        print(f"{metric}: {known.mean():.3f} on average, {inside:.1%} of {len(known)} in 92–98%",
              f"({known.min():.3f} to {known.max():.3f})")  # fmt: skip


if __name__ == "__main__":
    main()
