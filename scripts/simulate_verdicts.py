"""How often a family of comparisons holds a false verdict: prints tables of docs/statistics.md.

python scripts/simulate_verdicts.py [families per setting; 4000]

The second table is of the intervals of one arm's mean over repeats, the third of families with a
margin: one arm is better by just this margin, so no comparison with it is equivalent.

Four arms are equally good on average. Each repeat makes all of them better or worse, and each arm
a little more. Arms and repeats see the same test patients, so their errors resemble each other.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from scipy import stats

from medsmall.evaluation.comparison import difference, over_repeats, verdicts
from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import of_mean
from medsmall.evaluation.scored import of_finding

ARMS = 4
SHARES = (0.4, 0.2, 0.1, 0.3)  # of the noise: of all models, of an arm, of a repeat, of one model


class Setting(NamedTuple):
    """Test patients, a fifth of them positive; images of each; repeats; and their scatter.

    `scatter` is the standard deviation of an arm's AUROC over repeats, by its training alone.
    """

    patients: int
    images: int
    repeats: int
    scatter: float


def arms(
    of: Setting, better: float, rng: np.random.Generator, area: float = 0.8, count: int = ARMS
) -> list[list[Score]]:
    """Scores of each arm in each repeat; the first arm is `better` by this much in AUROC."""
    patient = np.repeat(np.arange(of.patients), of.images)
    y = (patient < of.patients // 5).astype(float)
    every, arm, repeat, model = np.sqrt(SHARES)

    def noise() -> np.ndarray:
        of_patient, of_image = rng.standard_normal(of.patients), rng.standard_normal(len(y))
        return np.sqrt(0.5) * (of_patient[patient] + of_image)

    shared, by_repeat = noise(), [noise() for _ in range(of.repeats)]
    luck = rng.normal(0, of.scatter, of.repeats)  # of the draw, for all arms
    found = []
    for a in range(count):
        by_arm = noise()
        scores = []
        for r in range(of.repeats):
            true = area + better * (a == 0) + luck[r] + rng.normal(0, of.scatter)
            shift = np.sqrt(2) * stats.norm.ppf(np.clip(true, 0.5, 0.995))
            prob = every * shared + arm * by_arm + repeat * by_repeat[r] + model * noise()
            score = of_finding("auroc", y, prob + shift * y, None, patient, of.patients)
            assert score is not None
            scores.append(score)
        found.append(scores)
    return found


def family(of: Setting, better: float, rng: np.random.Generator) -> list[tuple[bool, bool, bool]]:
    """Of each pair of arms: a verdict, a wrong one, and whether its interval holds the truth."""
    scores = arms(of, better, rng)
    pairs = list(combinations(range(ARMS), 2))
    found = verdicts([difference(scores[a], scores[b]) for a, b in pairs])
    told = []
    for (a, _), verdict in zip(pairs, found, strict=True):
        truth = better * (a == 0)
        decided = verdict.word in ("better", "worse")
        wrong = decided and not (truth > 0 and verdict.word == "better")
        told.append((decided, wrong, verdict.low <= truth <= verdict.high))
    return told


def shares(of: Setting, families: int, seed: int) -> tuple[float, float, float]:
    """False families, families whose intervals all hold, and true differences found."""
    rng = np.random.default_rng(seed)
    null = [family(of, 0.0, rng) for _ in range(families)]
    real = [family(of, 0.06, rng) for _ in range(families // 4)]
    return (
        float(np.mean([any(wrong for _, wrong, _ in one) for one in null])),
        float(np.mean([all(holds for *_, holds in one) for one in real])),
        float(np.mean([decided for one in real for decided, *_ in one[: ARMS - 1]])),
    )


def held(of: Setting, area: float, means: int, seed: int) -> float:
    """The share of `means` over repeats whose interval holds the true mean."""
    rng = np.random.default_rng(seed)
    inside = []
    for _ in range(means):
        (scores,) = arms(of, 0.0, rng, area, count=1)
        found = over_repeats(scores)
        whole = scores[0]._replace(value=found.value)
        limits = of_mean("auroc", whole, found.tested, found.drawn, found.freedom)
        inside.append(limits is not None and limits.low <= area <= limits.high)
    return float(np.mean(inside))


def equivalent(of: Setting, margin: float, families: int, seed: int) -> tuple[float, float]:
    """Families with a false verdict of any kind, and true equivalences that are found."""
    rng = np.random.default_rng(seed)
    pairs = list(combinations(range(ARMS), 2))
    wrong, found = [], []
    for _ in range(families):
        scores = arms(of, margin, rng)
        told = verdicts([difference(scores[a], scores[b]) for a, b in pairs], margin)
        words = {pair: verdict.word for pair, verdict in zip(pairs, told, strict=True)}
        with_first = [words[pair] in ("equivalent", "worse") for pair in pairs if pair[0] == 0]
        others = [words[pair] for pair in pairs if pair[0] > 0]
        wrong.append(any(with_first) or bool({"better", "worse"} & {*others}))
        found.append(np.mean([word == "equivalent" for word in others]))
    return float(np.mean(wrong)), float(np.mean(found))


def of_margins(pool: ProcessPoolExecutor, families: int) -> None:
    """A row per margin and number of repeats, of the larger test set."""
    grid = [
        (Setting(300, 4, repeats, scatter), margin)
        for margin, repeats, scatter in product((0.03, 0.06), (3, 5, 10), (0.005, 0.02))
    ]
    told = pool.map(equivalent, *zip(*grid, strict=True), [families] * len(grid), range(len(grid)))
    for (of, margin), (wrong, found) in zip(grid, told, strict=True):
        print(f"| {margin} | {of.repeats} | {of.scatter} | {wrong:.1%} | {found:.0%} |", flush=True)


def of_means(pool: ProcessPoolExecutor, means: int) -> None:
    """A row per number of repeats, over test sets, AUROCs and scatters."""
    for repeats in (3, 5, 10):
        grid = [
            (Setting(*test, repeats, scatter), area)
            for test, area, scatter in product(
                ((75, 1), (300, 4)), (0.8, 0.9, 0.97), (0.002, 0.005, 0.01)
            )
        ]
        shares = list(
            pool.map(held, *zip(*grid, strict=True), [means] * len(grid), range(len(grid)))
        )
        print(f"| {repeats} | {100 * min(shares):.1f}–{100 * max(shares):.1f} |", flush=True)


def main() -> None:
    """A row per setting."""
    families = int(sys.argv[1]) if sys.argv[1:] else 4000
    grid = [
        Setting(*test, repeats, scatter)
        for test, repeats, scatter in product(((75, 1), (300, 4)), (3, 5, 10), (0.005, 0.02, 0.05))
    ]
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(shares, grid, [families] * len(grid), range(len(grid))))
        of_means(pool, families // 10)
        of_margins(pool, families // 2)
    print("| patients | images each | repeats | scatter | false families | all hold | .06 found |")
    print("|---|---|---|---|---|---|---|")
    for of, (wrong, hold, power) in zip(grid, found, strict=True):
        print("|", " | ".join(map(str, of)), f"| {wrong:.1%} | {hold:.1%} | {power:.0%} |")
    print(f"largest: {max(wrong for wrong, *_ in found):.1%} of {families} families")


if __name__ == "__main__":
    main()
