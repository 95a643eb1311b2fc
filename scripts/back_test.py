"""How well a learning curve foretells larger sizes: prints the table of docs/statistics.md.

python scripts/back_test.py [sweeps per curve; 20]

Real curves: a logistic regression on features of EfficientNet-Lite0, of ImageNet or random, for
the real samples that MEDSMALL_DATA holds. Simulated ones: linear discriminants of two normal
classes, whose true AUROC is known. A sweep has five sizes over a factor of 8 and some repeats, a
smaller draw being part of each larger one. The truth at its sizes, and at 1.5, 2 and 3 times the
largest, is the mean of other repeats, on the same test images.
"""

import itertools
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from medsmall.configs import compose
from medsmall.evaluation.curve_forms import Points
from medsmall.evaluation.influence import auroc
from medsmall.evaluation.learning_curve import (
    FARTHEST,
    FEWEST,
    ROOT,
    SPAN,
    back_test,
    by_evidence,
    learning_curve,
    nested,
    smoothed,
)
from medsmall.learner.heads.linear import logistic

SIZES = SPAN ** np.linspace(0, 1, FEWEST)  # over the smallest
BEYOND = SPAN * np.array([1.5, 2.0, FARTHEST])
TRUTHS = 60
DATA = (
    "dataset=chest_xray",
    "dataset=chest_xray dataset.classes=bacterial_viral",
    "dataset=pneumoniamnist",
    "dataset=ham10000 dataset.missing_images=drop",
)
FIXED = (
    "sample_size=all backbone=efficientnet_lite0 image_size_px=64 trainer=cpu augmentation=none "
    "audit.allow=[identical_images,near_duplicates]"
)
COMPONENTS = 64
NAMES = ("power law", "exponential", "logarithmic", "sigmoid")
Weight = float | np.ndarray  # a power of the evidence, or the weight of each form
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
    from medsmall.features.frozen import Frozen
    from medsmall.initial import initial_model
    from medsmall.pixels import open_images
    from medsmall.resolve import resolve

    chosen = f"{dataset} pretraining={pretraining} split=stratified {FIXED}"
    cfg = compose(f"{chosen} cache_root={cache} output_root={cache}".split())
    case = resolve(cfg)
    data, _ = open_images(case)
    _, model, _ = initial_model(case)
    part = case.draw["part"].to_numpy()
    found = {p: Frozen(model, cfg).features(data.plain(p)).astype(float) for p in ("train", "test")}
    middle = found["train"].mean(0)
    axes = np.linalg.svd(found["train"] - middle, full_matrices=False)[2][:COMPONENTS].T
    x, test_x = ((found[p] - middle) @ axes for p in ("train", "test"))
    for name in case.targets.names:
        y = case.draw[name].to_numpy(float)
        test_y = y[part == "test"]
        if min(test_y.sum(), (1 - test_y).sum()) >= ENOUGH:
            yield Problem(f"{dataset} {name} {pretraining}", x, y[part == "train"], test_x, test_y)


def area(y: np.ndarray, scores: np.ndarray) -> float:
    """AUROC; each image its own patient."""
    return auroc(y, scores, np.arange(len(y)), len(y))[0]


def real_curves(problem: Problem) -> list[Curve]:
    """From 12 images on, each start four times the last, as the pool allows; two penalties."""
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
    """What one sweep said: at each of BEYOND whether the band held, its width, the error.

    `within` is whether it held at the sizes between; `reach` is of the images that the score at the
    middle size takes: whether their interval held, and has an upper end; `forecast` is whether the
    largest size was forecast from the smaller ones.
    """

    held: np.ndarray
    width: np.ndarray
    error: np.ndarray
    within: float
    reach: tuple[bool, bool]
    forecast: bool


def told_by(curve: Curve, repeats: int, seed: int, weight: Weight) -> Told:
    """One sweep of some of the repeats, judged by the others."""
    rows = np.random.default_rng(seed).permutation(len(curve.scores))
    losses, sizes = 1 - curve.scores[rows], np.round(curve.smallest * SIZES)
    seen, truth = losses[:repeats, : len(SIZES)], losses[repeats:].mean(0)
    freedom = np.full(len(SIZES), repeats - 1)
    single = smoothed(sizes, seen.var(0, ddof=1), freedom)
    covariance = nested(sizes, single, [{*map(str, range(repeats))}] * len(SIZES))
    points = Points(sizes, seen.mean(0), covariance, int(freedom.sum()))
    found = learning_curve(points)
    chosen = by_evidence(found.fits, weight) if isinstance(weight, float) else weight
    found = replace(found, weight=chosen)
    every = [found.at(curve.smallest * factor) for factor in (*SIZES, *BEYOND)]
    holds = np.array([one.low <= t <= one.high for one, t in zip(every, truth, strict=True)])
    beyond = slice(len(SIZES), None)
    images = found.needed(float(truth[2]), 0.0)
    return Told(
        holds[beyond],
        np.array([one.high - one.low for one in every[beyond]]),
        np.array([abs(one.median - t) for one, t in zip(every, truth, strict=True)][beyond]),
        float(holds[1:4].mean()),
        (images.low <= sizes[2] <= images.high, bool(np.isfinite(images.high))),
        back_test(points).held,
    )


def row(name: str, curves: list[Curve], repeats: int, sweeps: int, weight: Weight) -> str:
    """One row of the table."""
    told = [told_by(curve, repeats, k, weight) for curve in curves for k in range(sweeps)]
    held, width, error = (np.mean([getattr(t, of) for t in told], 0) for of in Told._fields[:3])
    reach, closed = np.mean([t.reach for t in told], 0)
    shares = " | ".join(
        f"{h:.1%}, ±{w / 2:.3f}, {e:.3f}" for h, w, e in zip(held, width, error, strict=True)
    )
    within, made = (np.mean([getattr(t, of) for t in told]) for of in ("within", "forecast"))
    return (
        f"| {name} | {repeats} | {within:.1%} | {shares} | {reach:.1%} ({closed:.0%}) | "
        f"{made:.1%} |"
    )


def simulations() -> list[Curve]:
    """Separations, dimensions and shrinkages, from 12 and from 50 images."""
    grid = itertools.product((0.7, 0.85, 0.95), (16, 64, 200), (0.1, 3.0), (12, 50))
    return [simulated(*of) for of in grid]


def main() -> None:
    """Make the curves, and print a row for each way to combine the forms."""
    sweeps = int(sys.argv[1]) if sys.argv[1:] else 20
    with tempfile.TemporaryDirectory() as cache:
        each = itertools.product(DATA, ("imagenet", "none"))
        found = [one for data, source in each for one in problems(data, source, cache)]
    with ProcessPoolExecutor() as pool:
        groups = {"real": list(itertools.chain(*pool.map(real_curves, found)))}
        groups["simulated"] = simulations()
        alone = zip(NAMES, np.eye(len(NAMES)), strict=True)
        ways = [("root of evidence", ROOT), ("evidence", 1.0), ("equal weights", 0.0), *alone]
        asked = [
            (f"{group} | {name}", curves, repeats, sweeps, weight)
            for group, curves in groups.items()
            for name, weight in ways
            for repeats in ((3, 5, 10) if weight is ROOT else (5,))
        ]
        counts = {group: len(curves) for group, curves in groups.items()}
        print(f"{counts} curves, {sweeps} sweeps of each")
        print("| curves | forms | repeats | within | 1.5 × | 2 × | 3 × | images | forecasts |")
        print("|---|---|---|---|---|---|---|---|---|")
        for line in pool.map(row, *zip(*asked, strict=True)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
