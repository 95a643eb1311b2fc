"""How well a learning curve foretells larger sizes: prints the table of docs/statistics.md.

python scripts/back_test.py [sweeps per curve; 20]

Real curves: a logistic regression on features of EfficientNet-Lite0, of ImageNet or random, for
the real samples that MEDSMALL_DATA holds. Simulated ones: linear discriminants of two normal
classes, whose true AUROC is known. A sweep has five sizes over a factor of 8 and some repeats, a
smaller draw being part of each larger one. The truth at 1.5, 2 and 3 times its largest size is the
mean of other repeats, on the same test images.
"""

import itertools
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy.stats import norm, rankdata

from medsmall.configs import compose
from medsmall.evaluation.learning_curve import (
    FARTHEST,
    FEWEST,
    SPAN,
    Points,
    learning_curve,
    smoothed,
)
from medsmall.learner.linear import logistic

SIZES = SPAN ** np.linspace(0, 1, FEWEST)  # over the smallest
BEYOND = SPAN * np.array([1.5, 2.0, FARTHEST])
TRUTHS = 60
DATA = {
    "chest_xray": [],
    "chest_xray ": ["dataset.classes=bacterial_viral"],
    "pneumoniamnist": [],
    "ham10000": ["dataset.missing_images=drop"],
}
FIXED = (
    "sample_size=all backbone=efficientnet_lite0 image_size_px=64 trainer=cpu augmentation=none "
    "audit.allow=[identical_images,near_duplicates]"
)
COMPONENTS = 64
NAMES = ("power law", "exponential", "logarithmic")
ENOUGH = 15  # test images of the rarer class


class Curve(NamedTuple):
    """One classifier on one problem: AUROCs (repeat, size) at SIZES and BEYOND times `smallest`."""

    name: str
    smallest: int
    scores: np.ndarray


class Problem(NamedTuple):
    """Features and a label of training and test images."""

    name: str
    x: np.ndarray
    y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


def problems(dataset: str, pretraining: str, cache: str) -> Iterator[Problem]:
    """One for each class of a data set that has enough test images."""
    from medsmall.inference import device_of, features
    from medsmall.learner.model import initial_model
    from medsmall.pixels import open_images
    from medsmall.train import resolve

    chosen = f"dataset={dataset.strip()} pretraining={pretraining} split=stratified {FIXED}"
    folders = f"cache_root={cache} output_root={cache}"
    cfg = compose([*chosen.split(), *DATA[dataset], *folders.split()])
    case = resolve(cfg)
    data, _ = open_images(case)
    _, model, _ = initial_model(case)
    device = device_of(cfg.trainer)
    part = case.draw["part"].to_numpy()
    found = {p: features(model, data.plain(p), device, "32-true") for p in ("train", "test")}
    middle = found["train"].mean(0)
    axes = np.linalg.svd(found["train"] - middle, full_matrices=False)[2][:COMPONENTS].T
    x, test_x = ((found[p] - middle) @ axes for p in ("train", "test"))
    for name in case.targets.names:
        y = case.draw[name].to_numpy(float)
        test_y = y[part == "test"]
        if min(test_y.sum(), (1 - test_y).sum()) >= ENOUGH:
            yield Problem(f"{dataset} {name} {pretraining}", x, y[part == "train"], test_x, test_y)


def area(y: np.ndarray, scores: np.ndarray) -> float:
    """AUROC."""
    ranks, positive = rankdata(scores), y == 1
    n1, n0 = positive.sum(), (~positive).sum()
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def real_curves(problem: Problem) -> list[Curve]:
    """From 12 images on, in steps of 4, as far as the pool reaches; two penalties."""
    curves = []
    for penalty in (0.1, 10.0):
        smallest = 12
        while smallest * BEYOND[-1] <= 0.8 * len(problem.y):
            rng = np.random.default_rng(smallest)
            sizes = [round(smallest * s) for s in (*SIZES, *BEYOND)]
            scores = [_probes(problem, sizes, penalty, rng) for _ in range(TRUTHS)]
            curves.append(Curve(f"{problem.name} C={penalty}", smallest, np.array(scores)))
            smallest *= 4
    return curves


def _probes(
    problem: Problem, sizes: list[int], penalty: float, rng: np.random.Generator
) -> list[float]:
    """One repeat: a smaller draw is part of each larger one."""
    while True:
        order = rng.permutation(len(problem.y))
        if 0 < problem.y[order[: sizes[0]]].sum() < sizes[0]:
            break
    heads = [logistic(problem.x[order[:n]], problem.y[order[:n], None], penalty) for n in sizes]
    return [area(problem.test_y, problem.test_x @ head.weight[0]) for head in heads]


def simulated(area_at_best: float, dimensions: int, shrinkage: float, smallest: int) -> Curve:
    """A shrunk linear discriminant; its exact AUROC, so many repeats of it."""
    rng = np.random.default_rng(dimensions)
    apart = np.zeros(dimensions)
    apart[:8] = np.sqrt(2 / 8) * norm.ppf(area_at_best)
    scores = np.zeros((TRUTHS, len(SIZES) + len(BEYOND)))
    largest = round(smallest * BEYOND[-1])
    for r in range(TRUTHS):
        every_y = np.arange(largest) % 2
        every_x = rng.standard_normal((largest, dimensions)) + np.outer(every_y - 0.5, apart)
        for i, size in enumerate((*SIZES, *BEYOND)):
            n = round(smallest * size)
            x, y = every_x[:n], every_y[:n]
            means = [x[y == k].mean(0) for k in (0, 1)]
            inside = np.cov((x - np.stack(means)[y]).T) + shrinkage * np.eye(dimensions)
            w = np.linalg.solve(inside, means[1] - means[0])
            scores[r, i] = norm.cdf(w @ apart / np.sqrt(2 * w @ w))
    name = f"simulated {area_at_best} {dimensions} {shrinkage}"
    return Curve(name, smallest, scores)


class Told(NamedTuple):
    """What one sweep foretold: at each of BEYOND whether the band held, its width, the error."""

    held: np.ndarray
    width: np.ndarray
    error: np.ndarray
    needed: tuple[
        bool, bool
    ]  # the interval of images for the score at twice the size: held, closed


def foretold(curve: Curve, repeats: int, seed: int, weight: np.ndarray | None) -> Told:
    """One sweep of some of the repeats, judged by the others."""
    rows = np.random.default_rng(seed).permutation(len(curve.scores))
    losses, sizes = 1 - curve.scores[rows], np.round(curve.smallest * SIZES)
    seen, truth = losses[:repeats, : len(SIZES)], losses[repeats:, len(SIZES) :].mean(0)
    single = smoothed(sizes, seen.var(0, ddof=1), repeats - 1)
    freedom = len(SIZES) * (repeats - 1)
    points = Points(sizes, seen.mean(0), np.diag(single / repeats), freedom)
    found = learning_curve(points, weight)
    at = [found.at(curve.smallest * factor) for factor in BEYOND]
    held = np.array([one.low <= t <= one.high for one, t in zip(at, truth, strict=True)])
    images = found.needed(float(truth[0]))
    holds = images.low <= curve.smallest * BEYOND[0] <= images.high
    return Told(
        held,
        np.array([one.high - one.low for one in at]),
        np.array([abs(one.median - t) for one, t in zip(at, truth, strict=True)]),
        (holds, np.isfinite(images.high)),
    )


def row(
    name: str, curves: list[Curve], repeats: int, sweeps: int, weight: np.ndarray | None
) -> str:
    """One row of the table."""
    told = [foretold(curve, repeats, k, weight) for curve in curves for k in range(sweeps)]
    held, width, error = (np.mean([getattr(t, of) for t in told], 0) for of in Told._fields[:3])
    holds, closed = np.mean([t.needed for t in told], 0)
    shares = " | ".join(
        f"{h:.1%}, ±{w / 2:.3f}, {e:.3f}" for h, w, e in zip(held, width, error, strict=True)
    )
    return f"| {name} | {repeats} | {len(told):,} | {shares} | {holds:.1%} ({closed:.0%} closed) |"


def simulations() -> list[Curve]:
    """Separations, dimensions and shrinkages, from 12 and from 50 images."""
    grid = itertools.product((0.7, 0.85, 0.95), (16, 64, 200), (0.1, 3.0), (12, 50))
    return [simulated(*of) for of in grid]


def main() -> None:
    """Make the curves, and print a row for each way to foretell them."""
    sweeps = int(sys.argv[1]) if sys.argv[1:] else 20
    with tempfile.TemporaryDirectory() as cache:
        each = itertools.product(DATA, ("imagenet", "none"))
        found = [one for data, source in each for one in problems(data, source, cache)]
    with ProcessPoolExecutor() as pool:
        groups = {"real": list(itertools.chain(*pool.map(real_curves, found)))}
        groups["simulated"] = simulations()
        ways = [("combined", None), *zip(NAMES, np.eye(len(NAMES)), strict=True)]
        asked = [
            (f"{group}, {name}", curves, repeats, sweeps, weight)
            for group, curves in groups.items()
            for name, weight in ways
            for repeats in ((3, 5, 10) if weight is None else (5,))
        ]
        print(f"{len(groups['real'])} real curves, {len(groups['simulated'])} simulated")
        print("| curves | repeats | sweeps | at 1.5 x | at 2 x | at 3 x | images needed |")
        print("|---|---|---|---|---|---|---|")
        for line in pool.map(row, *zip(*asked, strict=True)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
